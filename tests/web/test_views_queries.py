"""What a page costs: the same number of queries with ten rows and with a thousand, on SQLite and on PostgreSQL."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.web.filling import fill, silence_some
from tests.web.ledgers import BOTH, counting
from tests.web.view_pages import PAGES, running, wait_for_audit

#: Queries of the most costly page, its session's included.
MOST_QUERIES = 14
FEW, MANY = 10, 1_000


@pytest.mark.parametrize("on", BOTH)
def test_no_page_asks_more_of_a_full_ledger_than_of_a_small_one(
    on: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = None
    if on == "postgresql":
        address = request.getfixturevalue("postgresql").make(f"t{secrets.token_hex(6)}")
    counts = []
    with running(tmp_path, database_url=address) as page:
        fill(page.ground.engine, FEW, now=page.clock.at)
        silence_some(page.ground.engine, FEW, now=page.clock.at)
        client = page.admin()
        wait_for_audit(client)
        # What is kept of a mail once it was made is read once.
        client.get("/deliveries/10")
        for begin, rows in ((FEW, FEW), (FEW, MANY)):
            fill(page.ground.engine, rows, begin=begin, now=page.clock.at)
            if rows > begin:
                silence_some(page.ground.engine, rows, begin=begin, now=page.clock.at)
            found = {}
            for path in PAGES:
                with counting(page.ground.engine) as counted:
                    assert client.get(path).status_code == 200, path
                found[path] = len(counted)
            counts.append(found)
    assert counts[0] == counts[1]
    assert max(counts[0].values()) <= MOST_QUERIES, counts[0]
