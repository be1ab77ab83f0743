"""Old outgoing events leave the database: those that are routed, and of whose deliveries none waits.

A dead delivery counts as finished: who wants it again must ask before it is old. Steps as in `pruning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, select

from consumers.ledger.outgoing_tables import OutgoingState, outgoing_deliveries, outgoing_events

#: Events of one step.
STEP_EVENTS = 200


def count_old(connection: Connection, before: int) -> int:
    """Count the events that may go: written before a moment in milliseconds UTC."""
    return connection.execute(select(func.count()).select_from(outgoing_events).where(_finished(before))).scalar_one()


def find_old(connection: Connection, before: int) -> list[int]:
    """Return the rows of the next step."""
    query = select(outgoing_events.c.id).where(_finished(before)).order_by(outgoing_events.c.id).limit(STEP_EVENTS)
    return list(connection.execute(query).scalars())


def read_old(connection: Connection, rows: Sequence[int]) -> list[tuple[str, dict[str, Any]]]:
    """Return everything of these events as (table, values), for an archive."""
    found = []
    for table, column in ((outgoing_events, "id"), (outgoing_deliveries, "event_row")):
        query = select(table).where(table.c[column].in_(rows)).order_by(table.c.id)
        found += [(table.name, dict(row)) for row in connection.execute(query).mappings()]
    return found


def remove_old(connection: Connection, before: int, rows: Sequence[int]) -> int:
    """Delete those of the events that may still go, with their deliveries; return how many events went."""
    locked = select(outgoing_events.c.id).where(outgoing_events.c.id.in_(rows), _finished(before)).with_for_update()
    going = list(connection.execute(locked).scalars())
    connection.execute(delete(outgoing_deliveries).where(outgoing_deliveries.c.event_row.in_(going)))
    connection.execute(delete(outgoing_events).where(outgoing_events.c.id.in_(going)))
    return len(going)


def _finished(before: int) -> ColumnElement[bool]:
    waits = exists().where(
        outgoing_deliveries.c.event_row == outgoing_events.c.id,
        (outgoing_deliveries.c.state == OutgoingState.PENDING.value) | (outgoing_deliveries.c.updated_at >= before),
    )
    return and_(outgoing_events.c.created_at < before, outgoing_events.c.routed_at.is_not(None), ~waits)
