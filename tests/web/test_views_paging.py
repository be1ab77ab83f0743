"""Pages of long lists: every row on exactly one page, however they are filtered, at a bounded cost."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, select, update

from consumers.ledger.run_tables import runs
from consumers.ledger.tables import deliveries
from consumers.views.delivery_pages import DeliverySearch, find_deliveries, known_suites, read_deliveries
from consumers.views.paging import Found, Place, by_id, find_page
from tests.web.filling import HOUR, NOW, SUITES, fill
from tests.web.ledgers import counting

ROWS = 400


@pytest.fixture(scope="module")
def filled(ledger: Engine) -> Engine:
    """A ledger of ROWS deliveries."""
    fill(ledger, ROWS)
    return ledger


def walk(find: Callable[[Place], Found]) -> list[tuple[int, ...]]:
    """Go from the newest page to the last one."""
    pages, place = [], Place()
    while True:
        found = find(place)
        pages.append(found.ids)
        if found.older is None:
            return pages
        place = Place(before=found.older)


def walk_back(find: Callable[[Place], Found], place: Place) -> list[tuple[int, ...]]:
    """Go from a page to the newest one."""
    pages = []
    found = find(place)
    while found.newer is not None:
        found = find(Place(after=found.newer))
        pages.append(found.ids)
    return pages


def all_ids(connection: Connection, *where: object) -> list[int]:
    query = select(deliveries.c.id).where(*where).order_by(deliveries.c.id.desc())  # type: ignore[arg-type]
    return list(connection.execute(query).scalars())


@pytest.mark.parametrize("rows", [1, 49, 50, 51, 100, 101])
def test_every_row_is_on_exactly_one_page_and_no_page_is_empty(filled: Engine, rows: int) -> None:
    first = [deliveries.c.id <= rows]
    with filled.connect() as connection:
        pages = walk(lambda place: find_page(connection, by_id(deliveries, first, []), place))
        assert list(itertools.chain(*pages)) == all_ids(connection, *first)
        assert [len(page) for page in pages[:-1]] == [50] * (len(pages) - 1)
        assert len(pages) == -(-rows // 50)


def test_newer_leads_back_over_the_same_rows_to_the_newest_page(filled: Engine) -> None:
    with filled.connect() as connection:

        def find(place: Place) -> Found:
            return find_deliveries(connection, DeliverySearch(), place)

        pages = walk(find)
        back = walk_back(find, Place(before=(21,)))
    assert set(itertools.chain(*back)) >= set(itertools.chain(*pages)) - set(range(1, 21))
    assert back[-1] == pages[0]


@pytest.mark.parametrize(
    "wanted",
    [
        DeliverySearch(state="failed"),
        DeliverySearch(suite="search"),
        DeliverySearch(suite="search", state="failed"),
        DeliverySearch(recipient="person-7@example.com"),
        DeliverySearch(recipient="person-7@example.com", suite="billing"),
        DeliverySearch(profile="Platform"),
        DeliverySearch(profile="Platform", state="sent", suite="login"),
        DeliverySearch(since=NOW - 4 * HOUR),
        DeliverySearch(until=NOW - 4 * HOUR),
        DeliverySearch(since=NOW - 9 * HOUR, until=NOW - 4 * HOUR, state="sent"),
        DeliverySearch(since=NOW + HOUR),
        DeliverySearch(until=NOW - 900 * HOUR),
        DeliverySearch(suite="search", since=NOW - 9 * HOUR, until=NOW - 4 * HOUR),
    ],
    ids=str,
)
def test_what_is_found_is_exactly_what_was_asked_for(filled: Engine, wanted: DeliverySearch) -> None:
    conditions = [
        deliveries.c[name] == value
        for name, value in (("state", wanted.state), ("recipient_key", wanted.recipient), ("profile", wanted.profile))
        if value is not None
    ]
    if wanted.suite:
        conditions.append(deliveries.c.event_row.in_(select(runs.c.event_row).where(runs.c.suite == wanted.suite)))
    if wanted.since:
        conditions.append(deliveries.c.created_at >= wanted.since)
    if wanted.until:
        conditions.append(deliveries.c.created_at < wanted.until)
    with filled.connect() as connection:
        pages = walk(lambda place: find_deliveries(connection, wanted, place))
        assert list(itertools.chain(*pages)) == all_ids(connection, *conditions)


def test_a_search_for_what_is_rare_breaks_off_says_so_and_goes_on(filled: Engine) -> None:
    rare = [deliveries.c.id.in_([3, 61])]

    with filled.connect() as connection:

        def find(place: Place) -> Found:
            return find_page(connection, by_id(deliveries, [], rare), place, rows=5, most=20)

        first = find(Place(before=(96,)))
        assert (first.ids, first.searched, first.older) == ((), 20, (76,))
        assert list(itertools.chain(*walk(find))) == [61, 3]
        assert list(itertools.chain(*walk_back(find, Place(before=(2,))))) == [3, 61]


def test_deliveries_written_out_of_order_by_two_workers_are_in_their_time(filled: Engine) -> None:
    at = NOW - 5 * HOUR
    with filled.connect() as connection:
        # Taken back at the end. The one with the lower id was planned a moment later than the one with the higher.
        connection.execute(update(deliveries).where(deliveries.c.id == 40).values(created_at=at + 5))
        connection.execute(update(deliveries).where(deliveries.c.id == 41).values(created_at=at - 5))
        connection.execute(update(deliveries).where(deliveries.c.id < 40).values(created_at=at - HOUR))
        connection.execute(update(deliveries).where(deliveries.c.id > 41).values(created_at=at + HOUR))
        found = find_deliveries(connection, DeliverySearch(since=at, until=at + HOUR), Place())
        assert found.ids == (40,)
        assert find_deliveries(connection, DeliverySearch(since=at - 10, until=at), Place()).ids == (41,)


def test_suites_are_named_once_each_in_order(filled: Engine) -> None:
    with filled.connect() as connection:
        assert known_suites(connection) == sorted(SUITES)


def test_a_row_tells_of_its_event_and_its_suite(filled: Engine) -> None:
    with filled.connect() as connection, counting(filled) as counted:
        rows = read_deliveries(connection, (3, 1))
    assert [(row.id, row.event_id, row.suite) for row in rows] == [(3, "run-3", "billing"), (1, "run-1", "search")]
    assert len(counted) == 1


@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)  # it is the plan of SQLite that is looked at
def test_no_page_of_deliveries_reads_the_whole_table(filled: Engine) -> None:
    searches = [
        DeliverySearch(),
        DeliverySearch(state="failed"),
        DeliverySearch(suite="search", state="failed"),
        DeliverySearch(recipient="person-7@example.com", suite="billing"),
        DeliverySearch(profile="Platform", since=NOW - HOUR),
    ]
    with filled.connect() as connection:
        for wanted in searches:
            with counting(filled) as counted:
                find_deliveries(
                    connection, wanted, Place(before=(250, 250) if wanted.suite and not wanted.recipient else (250,))
                )
            for statement in counted.statements:
                for line in plan(connection, statement):
                    assert not line.startswith(("SCAN delivery", "SCAN run")) or "USING" in line, (wanted, line)


def plan(connection: Connection, statement: str) -> list[str]:
    """Return SQLite's plan of a statement."""
    values = tuple(1 for _ in range(statement.count("?")))
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
