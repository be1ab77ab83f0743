"""Events as people look them up, a page at a time: by state, type and profile; and one with a part of its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from consumers.ledger.tables import deliveries, events
from consumers.views.paging import Found, Place, by_id, find_page

#: Octets of an event that a page shows; it may have 4 MB.
MOST_SHOWN = 65_536
#: Deliveries of an event that are counted by state.
MOST_COUNTED = 10_000

_COLUMNS = (
    events.c.id,
    events.c.source,
    events.c.event_id,
    events.c.type,
    events.c.profile,
    events.c.state,
    events.c.reason,
    events.c.recorded_at,
)


@dataclass(frozen=True, slots=True)
class EventSearch:
    """Which events are wanted; None means any."""

    state: str | None = None
    type: str | None = None
    profile: str | None = None


def find_events(connection: Connection, wanted: EventSearch, place: Place) -> Found:
    """Return the ids of a page of events, newest first."""
    by_state = () if wanted.state is None else (events.c.state == wanted.state,)
    by_type = () if wanted.type is None else (events.c.type == wanted.type,)
    by_profile = () if wanted.profile is None else (events.c.profile == wanted.profile,)
    return find_page(connection, by_id(events, by_state, (*by_type, *by_profile)), place)


def read_events(connection: Connection, ids: tuple[int, ...]) -> list[Any]:
    """Return what is listed of events, in the order of the ids."""
    found = {row.id: row for row in connection.execute(select(*_COLUMNS).where(events.c.id.in_(ids)))}
    return [found[each] for each in ids if each in found]


def read_event_row(connection: Connection, row_id: int) -> Any | None:
    """Return one event with the first MOST_SHOWN octets of its body, or None."""
    return connection.execute(
        select(
            *_COLUMNS,
            events.c.detail,
            events.c.body_size,
            events.c.body_sha256,
            events.c.published_at,
            events.c.updated_at,
            func.substr(events.c.body, 1, MOST_SHOWN).label("head"),
            func.length(events.c.body).label("kept"),
        ).where(events.c.id == row_id)
    ).first()


def count_deliveries(connection: Connection, row_id: int) -> dict[str, int]:
    """Return how many deliveries an event has in each state; of a larger event those of its first MOST_COUNTED."""
    some = select(deliveries.c.state).where(deliveries.c.event_row == row_id).limit(MOST_COUNTED).subquery()
    query = select(some.c.state, func.count().label("n")).group_by(some.c.state).order_by(some.c.state)
    return {row.state: row.n for row in connection.execute(query)}


def find_its_deliveries(connection: Connection, row_id: int, place: Place) -> Found:
    """Return the ids of a page of the deliveries of an event, the last planned first."""
    return find_page(connection, by_id(deliveries, [deliveries.c.event_row == row_id], []), place)
