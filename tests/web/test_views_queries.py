"""What a page costs: the same number of queries with ten rows and with a thousand, on SQLite and on PostgreSQL."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.web.filling import fill, silence_some
from tests.web.ledgers import BOTH, counting, postgresql  # noqa: F401
from tests.web.view_pages import PAGES, running, wait_for_audit

#: Queries of the most costly page, its session's included.
MOST_QUERIES = 14


@pytest.mark.parametrize("on", BOTH)
def test_no_page_asks_more_of_a_full_ledger_than_of_a_small_one(
    on: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    counts: list[dict[str, int]] = []
    for rows in (10, 1_000):
        address = None
        if on == "postgresql":
            address = request.getfixturevalue("postgresql").make(f"t{secrets.token_hex(6)}")

        def prepare(engine: object, now: int, rows: int = rows) -> None:
            fill(engine, rows, now=now)  # type: ignore[arg-type]
            silence_some(engine, rows, now=now)  # type: ignore[arg-type]

        with running(tmp_path / str(rows), prepare, database_url=address) as page:
            client = page.admin()
            wait_for_audit(client)
            found = {}
            for path in PAGES:
                client.get(path)
                with counting(page.ground.engine) as counted:
                    assert client.get(path).status_code == 200, path
                found[path] = len(counted)
            counts.append(found)
    assert counts[0] == counts[1]
    assert max(counts[0].values()) <= MOST_QUERIES, counts[0]
