"""What waits now, for a worker or for a person. Counted up to a limit, so that a long queue costs no more."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, ScalarSelect, Table, func, literal, select

from consumers.ledger.states import WAITING, DeliveryState, EventState
from consumers.ledger.tables import deliveries, events
from consumers.ledger.waiting import profiles

#: Rows of one state that are counted; more are told as so many.
MOST_COUNTED = 10_000
WAITING_DELIVERIES = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.DEFERRED,
    DeliveryState.HELD,
    DeliveryState.UNCERTAIN,
    DeliveryState.QUARANTINED,
)
WAITING_EVENTS = (EventState.ACCEPTED, EventState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class WaitingNow:
    """Rows that wait by state, at most MOST_COUNTED each, and since when the oldest is due (milliseconds UTC).

    `due_since` is of mail, `unplanned_since` of events without a plan; None when nothing waits.
    """

    deliveries: dict[str, int]
    events: dict[str, int]
    due_since: int | None
    unplanned_since: int | None

    def due_seconds(self, now: int) -> float:
        """Return how long the oldest mail has been due at `now` (milliseconds UTC); 0 when none is."""
        return 0.0 if self.due_since is None else max(0, now - self.due_since) / 1000


def waiting_now(connection: Connection, now: int) -> WaitingNow:
    """Return what waits at `now` (milliseconds UTC), in two queries.

    The mail due longest is found by one step in an index for each profile and state.
    """
    first = (
        select(events.c.recorded_at)
        .where(events.c.state == EventState.ACCEPTED.value)
        .order_by(events.c.id)
        .limit(1)
        .scalar_subquery()
    )
    of_deliveries = [_counted(deliveries, state).label(f"delivery_{state}") for state in WAITING_DELIVERIES]
    of_events = [_counted(events, state).label(f"event_{state}") for state in WAITING_EVENTS]
    *counts, unplanned = connection.execute(select(*of_deliveries, *of_events, first)).one()
    firsts = [_earliest(state).label(state.value) for state in WAITING]
    due = [at for row in connection.execute(select(*firsts).select_from(profiles)) for at in row]
    return WaitingNow(
        {state.value: counts[number] for number, state in enumerate(WAITING_DELIVERIES)},
        {state.value: counts[len(WAITING_DELIVERIES) + number] for number, state in enumerate(WAITING_EVENTS)},
        min((at for at in due if at is not None and at <= now), default=None),
        unplanned,
    )


def _counted(table: Table, state: DeliveryState | EventState) -> ScalarSelect[int]:
    some = select(literal(1).label("one")).where(table.c.state == state.value).limit(MOST_COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _earliest(state: DeliveryState) -> ScalarSelect[int]:
    return (
        select(func.min(deliveries.c.due_at))
        .where(deliveries.c.profile_id == profiles.c.id, deliveries.c.state == state.value)
        .correlate(profiles)
        .scalar_subquery()
    )
