"""Outgoing events and their deliveries as they are listed and followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from consumers.ledger.outgoing_tables import outgoing_deliveries, outgoing_events
from consumers.views.shown_times import shown_time

#: Keys of a delivery of an outgoing event as JSON, in order; programs rely on them.
KEYS = (
    "id",
    "event_id",
    "type",
    "kind",
    "target",
    "state",
    "reason",
    "attempts",
    "due_at",
    "last_answer",
    "updated_at",
)
#: Events that are read at once by who follows.
MOST_FOLLOWED = 500


@dataclass(frozen=True, slots=True)
class OutgoingFilter:
    """Which deliveries are wanted; None means any."""

    kind: str | None = None
    target: str | None = None
    state: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Followed:
    """An outgoing event as a follower reads it: `row_id` is its place, `body` its JSON."""

    row_id: int
    event_id: str
    type: str
    profile_id: int
    body: bytes


_DELIVERY = select(
    outgoing_deliveries.c.id,
    outgoing_events.c.event_id,
    outgoing_events.c.type,
    outgoing_deliveries.c.kind,
    outgoing_deliveries.c.target,
    outgoing_deliveries.c.state,
    outgoing_deliveries.c.reason,
    outgoing_deliveries.c.attempts,
    outgoing_deliveries.c.due_at,
    outgoing_deliveries.c.last_answer,
    outgoing_deliveries.c.updated_at,
).join(outgoing_events, outgoing_events.c.id == outgoing_deliveries.c.event_row)

_FOLLOWED = select(
    outgoing_events.c.id,
    outgoing_events.c.event_id,
    outgoing_events.c.type,
    outgoing_events.c.profile_id,
    outgoing_events.c.body,
)


def list_outgoing(connection: Connection, wanted: OutgoingFilter) -> list[dict[str, Any]]:
    """Return deliveries of outgoing events, newest first."""
    query = _DELIVERY
    for column, value in (("kind", wanted.kind), ("target", wanted.target), ("state", wanted.state)):
        if value is not None:
            query = query.where(outgoing_deliveries.c[column] == value)
    rows = connection.execute(query.order_by(outgoing_deliveries.c.id.desc()).limit(wanted.limit))
    return [_as_json(row) for row in rows]


def count_dead(connection: Connection, kind: str) -> dict[str, int]:
    """Return how many deliveries are dead, by target."""
    dead = (outgoing_deliveries.c.kind == kind, outgoing_deliveries.c.state == "dead")
    query = select(outgoing_deliveries.c.target, func.count().label("n")).where(*dead)
    return {row.target: row.n for row in connection.execute(query.group_by(outgoing_deliveries.c.target))}


def read_after(connection: Connection, row_id: int) -> list[Followed]:
    """Return the events behind a place, in the order of their places, at most MOST_FOLLOWED."""
    rows = connection.execute(
        _FOLLOWED.where(outgoing_events.c.id > row_id).order_by(outgoing_events.c.id).limit(MOST_FOLLOWED)
    )
    return [Followed(row.id, row.event_id, row.type, row.profile_id, row.body) for row in rows]


def place_of(connection: Connection, event_id: str) -> int | None:
    """Return the place of an event, or None for one that is not there."""
    place: int | None = connection.execute(
        select(outgoing_events.c.id).where(outgoing_events.c.event_id == event_id)
    ).scalar()
    return place


def last_place(connection: Connection) -> int:
    """Return the place of the newest event; 0 when there is none."""
    return connection.execute(select(func.max(outgoing_events.c.id))).scalar() or 0


def _as_json(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    found = dict(zip(KEYS, row, strict=True))
    return {**found, "due_at": shown_time(row.due_at), "updated_at": shown_time(row.updated_at)}
