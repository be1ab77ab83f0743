"""The lines of a long run as the table that stands in docs/guarantees.md."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Columns of the table, and the fact of a line that stands in each.
COLUMNS = {
    "kills": "kills",
    "outages": "outages",
    "published": "events",
    "taken": "mails taken",
    "lost": "lost",
    "duplicated": "duplicated",
    "unflagged": "unflagged",
    "maybe_twice": "flagged",
    "uncertain": "uncertain",
    "quarantined": "quarantined",
    "seconds_to_drain": "s to drain",
}


def table(lines: Iterable[str]) -> str:
    """Return the lines that count something as a Markdown table, and the others below it."""
    rows, others = [], []
    for line in lines:
        name, _, said = line.partition(": ")
        facts = dict(re.findall(r"(\w+)=([\d.]+)", said))
        if "unflagged" in facts:
            # A naive order has accepted what was put on its queue.
            facts.setdefault("published", facts.get("accepted", ""))
            rows.append([name, *(facts.get(key, "") for key in COLUMNS)])
        else:
            others.append(f"- {line}")
    head = ["", *COLUMNS.values()]
    ruled = [head, ["---"] * len(head), *rows]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in ruled), "", *others])
