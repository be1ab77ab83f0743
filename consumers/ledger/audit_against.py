"""The ledger compared with what a receiving server says it took.

Every attempt is `taken` (answered 250), `unknown` (DATA was reached and no answer recorded) or never got so far. So
for each event and recipient the server must have taken at least as many mails as attempts were answered, and at
most as many as were answered or unknown. Within these bounds a difference is flagged: the ledger itself says that a
copy may be missing or one too many. Outside of them something is wrong.

Both sides are gathered in a scratch file, so that memory does not grow with them. Events of two sources that share
an id are counted together, because the mail's header does not tell them apart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, case, func, select

from consumers.ledger.server_log import TakenMail
from consumers.ledger.states import AttemptOutcome, DeliveryState
from consumers.ledger.tables import attempts, deliveries, events

#: Deliveries read, and pairs written, at a time.
PAGE = 5_000
#: Kilobytes that the scratch file may hold in memory.
SCRATCH_MEMORY = 64_000
#: Examples of each kind of difference that are named.
MOST_EXAMPLES = 20

_TABLE = """
CREATE TABLE pair (
    event TEXT, recipient TEXT,
    lines INT DEFAULT 0, deliveries INT DEFAULT 0, done INT DEFAULT 0, least INT DEFAULT 0, most INT DEFAULT 0,
    PRIMARY KEY (event, recipient)
) WITHOUT ROWID
"""
_ADD_LINE = """
INSERT INTO pair (event, recipient, lines) VALUES (?, ?, 1)
ON CONFLICT (event, recipient) DO UPDATE SET lines = lines + 1
"""
_ADD_DELIVERY = """
INSERT INTO pair (event, recipient, deliveries, done, least, most) VALUES (?, ?, 1, ?, ?, ?)
ON CONFLICT (event, recipient) DO UPDATE SET
    deliveries = deliveries + 1,
    done = done + excluded.done,
    least = least + excluded.least,
    most = most + excluded.most
"""
#: What each kind of difference is, as an expression over a pair.
KINDS = {
    "lost": "max(0, done - lines)",
    "lost_unflagged": "max(0, least - lines)",
    "duplicated": "CASE WHEN deliveries > 0 THEN max(0, lines - deliveries) ELSE 0 END",
    "duplicated_unflagged": "CASE WHEN deliveries > 0 THEN max(0, lines - max(most, least)) ELSE 0 END",
    "not_in_ledger": "CASE WHEN deliveries = 0 THEN lines ELSE 0 END",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the comparison came to, in mails. `examples` names pairs of event id and recipient by kind."""

    lines: int
    deliveries: int
    lost: int
    lost_unflagged: int
    duplicated: int
    duplicated_unflagged: int
    not_in_ledger: int
    examples: dict[str, list[tuple[str, str]]]

    @property
    def explained(self) -> bool:
        """Whether the ledger flags every difference."""
        return not (self.lost_unflagged or self.duplicated_unflagged or self.not_in_ledger)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as `runmail audit --against FILE --json` prints it."""
        return {"explained": self.explained, **asdict(self)}


def compare(
    connection: Connection,
    taken: Iterable[TakenMail],
    scratch: sqlite3.Connection,
    shown_id: Callable[[str], str],
    *,
    since: int,
    until: int,
) -> Comparison:
    """Compare the ledger with mails that a server took.

    `shown_id` turns an event's id into what stands in X-Runmail-Event. `scratch` is an empty database that may be
    filled. Mails taken and deliveries made before `since` are left out; an answer recorded after `until` need not be
    in the log yet (both in milliseconds UTC).
    """
    scratch.execute("PRAGMA journal_mode=OFF")
    scratch.execute("PRAGMA synchronous=OFF")
    scratch.execute(f"PRAGMA cache_size=-{SCRATCH_MEMORY}")
    scratch.execute(_TABLE)
    scratch.executemany(_ADD_LINE, ((mail.event, mail.recipient) for mail in taken if mail.at >= since))
    for page in _pages(_deliveries(connection, since, until)):
        scratch.executemany(_ADD_DELIVERY, ((shown_id(event), *rest) for event, *rest in page))
    sums = ", ".join(f"coalesce(sum({kind}), 0)" for kind in KINDS.values())
    lines, made, *counts = scratch.execute(
        f"SELECT coalesce(sum(lines), 0), coalesce(sum(deliveries), 0), {sums} FROM pair"  # noqa: S608 - ours
    ).fetchone()
    by_kind = dict(zip(KINDS, counts, strict=True))
    examples = {
        name: scratch.execute(
            f"SELECT event, recipient FROM pair WHERE {KINDS[name]} > 0 LIMIT {MOST_EXAMPLES}"  # noqa: S608 - ours
        ).fetchall()
        for name, count in by_kind.items()
        if count
    }
    return Comparison(lines, made, examples=examples, **by_kind)


def _deliveries(connection: Connection, since: int, until: int) -> Iterator[tuple[str, str, int, int, int]]:
    """Yield for each delivery: event id, recipient, whether it is said to be done, least and most mails of it."""
    last = 0
    while True:
        rows = connection.execute(
            select(
                deliveries.c.id,
                deliveries.c.recipient_key,
                deliveries.c.state,
                deliveries.c.maybe_twice,
                events.c.event_id,
            )
            .join(events, events.c.id == deliveries.c.event_row)
            .where(deliveries.c.id > last, deliveries.c.created_at >= since)
            .order_by(deliveries.c.id)
            .limit(PAGE)
        ).all()
        if not rows:
            return
        tried = _attempts(connection, rows[0].id, rows[-1].id, until)
        last = rows[-1].id
        for row in rows:
            answered, recent, unknown = tried.get(row.id, (0, 0, 0))
            # An unknown attempt explains a mail only where the delivery says so, or is still on its way.
            open_ = unknown if row.maybe_twice or row.state == DeliveryState.SENDING else 0
            done = row.state in (DeliveryState.SENT, DeliveryState.UNCERTAIN) and not recent
            yield row.event_id, row.recipient_key, int(done), answered, answered + recent + open_


def _attempts(connection: Connection, first: int, last: int, until: int) -> dict[int, tuple[int, int, int]]:
    """Return by delivery how many attempts were answered, answered after `until`, and never answered."""
    taken, unknown = attempts.c.outcome == AttemptOutcome.TAKEN, attempts.c.outcome == AttemptOutcome.UNKNOWN
    early = attempts.c.ended_at <= until
    found = connection.execute(
        select(
            attempts.c.delivery_id,
            func.sum(case((taken & early, 1), else_=0)).label("answered"),
            func.sum(case((taken & ~early, 1), else_=0)).label("recent"),
            func.sum(case((unknown, 1), else_=0)).label("unknown"),
        )
        .where(attempts.c.delivery_id.between(first, last))
        .group_by(attempts.c.delivery_id)
    )
    return {row.delivery_id: (int(row.answered), int(row.recent), int(row.unknown)) for row in found}


def _pages(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while page := list(islice(rows, PAGE)):
        yield page
