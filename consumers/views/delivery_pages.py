"""Deliveries as people look them up: by state, suite, recipient, profile and time, a page at a time.

No query grows with the ledger. A recipient, a suite, a state and a time are found by an index; what is asked for
beside the first of them is looked for in a bounded number of rows (`paging`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, literal, select

from consumers.ledger.run_tables import runs
from consumers.ledger.tables import deliveries, events
from consumers.views.paging import Found, Place, Search, by_id, find_page

#: Milliseconds by which deliveries written at the same time by several workers may be out of order.
DISORDER = 60_000
#: Suites that are offered to choose from.
MOST_SUITES = 200

_COLUMNS = (
    deliveries.c.id,
    deliveries.c.event_row,
    deliveries.c.recipient,
    deliveries.c.profile,
    deliveries.c.state,
    deliveries.c.reason,
    deliveries.c.attempts,
    deliveries.c.maybe_twice,
    deliveries.c.bounced,
    deliveries.c.created_at,
    deliveries.c.updated_at,
    events.c.event_id,
    events.c.type.label("event_type"),
    runs.c.suite,
    runs.c.branch,
)


@dataclass(frozen=True, slots=True)
class DeliverySearch:
    """Which deliveries are wanted; None means any. `recipient` is an address's key, times are milliseconds UTC.

    `since` is the first moment that counts, `until` the first that no longer does.
    """

    state: str | None = None
    suite: str | None = None
    recipient: str | None = None
    profile: str | None = None
    since: int | None = None
    until: int | None = None


def find_deliveries(connection: Connection, wanted: DeliverySearch, place: Place) -> Found:
    """Return the ids of a page of deliveries, newest first; those of a suite in the order of their events."""
    times = _times(connection, wanted)
    by_state = _equal(deliveries.c.state, wanted.state)
    by_profile = _equal(deliveries.c.profile, wanted.profile)
    created = _created(wanted, deliveries.c.created_at)
    if wanted.recipient is not None:
        driving = (deliveries.c.recipient_key == wanted.recipient, *times)
        filters = (*by_state, *by_profile, *created, *_of_suite(wanted))
        return find_page(connection, by_id(deliveries, driving, filters), place)
    if wanted.suite is not None:
        source = runs.join(deliveries, deliveries.c.event_row == runs.c.event_row)
        order = (runs.c.event_row, deliveries.c.id)
        # As expressions, so that no database begins with an index of theirs instead of that of the suite.
        filters = (
            *_equal(func.coalesce(deliveries.c.state, ""), wanted.state),
            *_equal(func.coalesce(deliveries.c.profile, ""), wanted.profile),
            *_created(wanted, func.coalesce(deliveries.c.created_at, 0)),
        )
        return find_page(connection, Search(deliveries, source, order, (runs.c.suite == wanted.suite,), filters), place)
    return find_page(connection, by_id(deliveries, (*by_state, *times), (*by_profile, *created)), place)


def _equal(column: ColumnElement[str], value: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if value is None else (column == value,)


def read_deliveries(connection: Connection, ids: tuple[int, ...]) -> list[Any]:
    """Return what is listed of deliveries, in the order of the ids."""
    query = (
        select(*_COLUMNS)
        .join(events, events.c.id == deliveries.c.event_row)
        .outerjoin(runs, runs.c.event_row == deliveries.c.event_row)
    )
    found = {row.id: row for row in connection.execute(query.where(deliveries.c.id.in_(ids)))}
    return [found[each] for each in ids if each in found]


def known_suites(connection: Connection) -> list[str]:
    """Return the first suites by name, each found by one step in the index of suites."""
    first = select(runs.c.suite).order_by(runs.c.suite).limit(1).scalar_subquery()
    step = select(first.label("name"), literal(1).label("number")).cte("suites", recursive=True)
    following = (
        select(runs.c.suite)
        .where(runs.c.suite > step.c.name)
        .order_by(runs.c.suite)
        .limit(1)
        .correlate(step)
        .scalar_subquery()
    )
    going_on = select(following, step.c.number + 1).where(step.c.name.is_not(None), step.c.number < MOST_SUITES)
    names = step.union_all(going_on)
    return list(connection.execute(select(names.c.name).where(names.c.name.is_not(None))).scalars())


def _times(connection: Connection, wanted: DeliverySearch) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on ids that a range of time comes to.

    Ids grow with the time, but for what workers write at once: what was created DISORDER before another row has the
    lower id.
    """
    if wanted.since is None and wanted.until is None:
        return ()
    column = deliveries.c.created_at
    before = select(deliveries.c.id).order_by(column.desc(), deliveries.c.id.desc()).limit(1)
    after = select(deliveries.c.id).order_by(column, deliveries.c.id).limit(1)
    # A condition that nothing fulfils stands for an end that is open, so that there is one query.
    low = before.where(column < (wanted.since or 0) - DISORDER)
    high = after.where(column >= wanted.until + DISORDER if wanted.until is not None else column < 0)
    last, first = connection.execute(select(low.scalar_subquery(), high.scalar_subquery())).one()
    below = () if last is None else (deliveries.c.id > last,)
    above = () if first is None else (deliveries.c.id < first,)
    return (*below, *above)


def _created(wanted: DeliverySearch, at: ColumnElement[int]) -> tuple[ColumnElement[bool], ...]:
    since = () if wanted.since is None else (at >= wanted.since,)
    until = () if wanted.until is None else (at < wanted.until,)
    return (*since, *until)


def _of_suite(wanted: DeliverySearch) -> tuple[ColumnElement[bool], ...]:
    if wanted.suite is None:
        return ()
    return (exists().where(runs.c.event_row == deliveries.c.event_row, runs.c.suite == wanted.suite),)
