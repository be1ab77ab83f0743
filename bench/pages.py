"""What each page of the web application costs on a large ledger: time, queries, and rows that the database steps over.

The ledger is SQLite, filled in bulk; the pages are asked for through the real application over HTTP on loopback, by
somebody who is logged in. Rows are counted by SQLite's own counter of steps of its program, given as a thousandth.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from sqlalchemy import Engine, event

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.web.filling import HOUR, fill, silence_some  # noqa: E402
from tests.web.ledgers import counting  # noqa: E402
from tests.web.view_pages import running, wait_for_audit  # noqa: E402
from worker.logs import set_up_logs  # noqa: E402

ROUNDS = 20
#: Milliseconds that the slower half of the requests for a page should stay below.
AIM = 100.0
#: SQLite calls back after so many steps of its program.
STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Figures:
    """One page: milliseconds by the clock and of the processor, queries of one request, thousands of SQLite's steps."""

    path: str
    p50: float
    p95: float
    cpu: float
    queries: int
    steps: int
    bytes: int


def pages(count: int) -> list[str]:
    """Return the pages that are asked for: lists at their begin and deep inside, filtered in every way, and details."""
    deep, one = count // 2, count - 10
    return [
        "/",
        "/deliveries",
        f"/deliveries?before={deep}",
        "/deliveries?state=failed",
        "/deliveries?state=uncertain",
        "/deliveries?suite=search",
        "/deliveries?suite=search&state=failed",
        "/deliveries?suite=no-such-suite",
        "/deliveries?recipient=person-7@example.com",
        "/deliveries?profile=Platform&since=2026-11-24T00:00&until=2026-11-24T01:00",
        "/deliveries?profile=No+such+profile",
        "/deliveries/rows",
        f"/deliveries/{one}",
        f"/deliveries/{one}/mail",
        "/events",
        "/events?state=quarantined",
        "/events?type=runmail.alert",
        f"/events/{one}",
        "/replies",
        "/replies?outcome=feedback",
        "/replies/100",
        "/silences",
        "/silences?recipient=gone-5@example.com",
        "/silences/mutes",
        "/templates",
        f"/templates?type=runmail.run.finished&event={one}",
        "/settings/email",
        "/settings/email/new",
        "/settings/email/1/edit",
        "/settings/email/1/delete",
        "/settings/email/history",
    ]


def main() -> None:
    """Build the ledger and print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    set_up_logs(as_json=True, level="error")

    def prepare(engine: Engine, now: int) -> None:
        fill(engine, options.deliveries, now=now, spread=48 * HOUR)
        silence_some(engine, min(options.deliveries, 10_000), now=now)

    with tempfile.TemporaryDirectory() as folder, running(Path(folder), prepare) as page:
        client = page.admin()
        wait_for_audit(client)
        found = [measure(client, page.ground.engine, path) for path in pages(options.deliveries)]
    if options.json:
        print(json.dumps({"deliveries": options.deliveries, "pages": [asdict(each) for each in found]}, indent=2))
        return
    print(f"{options.deliveries:,} deliveries, {ROUNDS} requests a page, load {os.getloadavg()[0]:.1f}")
    print(f"{'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>8} {'queries':>8} {'k steps':>8} {'kB':>6}  page")
    for each in found:
        mark = "" if each.p50 <= AIM else "  above the aim"
        print(
            f"{each.p50:>8.1f} {each.p95:>8.1f} {each.cpu:>8.1f} {each.queries:>8} {each.steps:>8}"
            f" {each.bytes / 1000:>6.1f}  {each.path}{mark}"
        )


def measure(client: Any, engine: Engine, path: str) -> Figures:
    """Ask for one page again and again."""
    client.get(path)
    with counting(engine) as counted, stepping(engine) as stepped:
        answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    took = []
    cpu = time.process_time()
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        client.get(path)
        took.append((time.perf_counter() - begun) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / ROUNDS
    cuts = quantiles(took, n=20, method="inclusive")
    return Figures(path, cuts[9], cuts[18], cpu, len(counted), stepped[0], len(answer.content))


@contextmanager
def stepping(engine: Engine) -> Iterator[list[int]]:
    """Count the thousands of steps that SQLite takes meanwhile, on whatever connection."""
    stepped = [0]

    def step() -> int:
        stepped[0] += 1
        return 0

    def begin(connection: Any, *_: Any) -> None:
        connection.connection.driver_connection.set_progress_handler(step, STEPS)

    def end(connection: Any, *_: Any) -> None:
        connection.connection.driver_connection.set_progress_handler(None, 0)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    try:
        yield stepped
    finally:
        event.remove(engine, "before_cursor_execute", begin)
        event.remove(engine, "after_cursor_execute", end)


if __name__ == "__main__":
    main()
