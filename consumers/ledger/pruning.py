"""Pruning: move finished events and all that hangs on them out of the ledger, in small steps.

An event is finished when nothing of it waits for a worker, a clock or a person: it is planned or skipped, every
delivery is in a final state, and the last change of any of them is older than a limit. What is quarantined waits
for a person and goes only when that is asked for.

A step is found without a lock, archived if that is wanted, and deleted in one short transaction that looks again:
whatever changed in between stays. Killed at any moment, an event is there with everything or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, exists, func, select

from consumers.ledger.run_tables import run_tests, runs
from consumers.ledger.states import DeliveryState, EventState
from consumers.ledger.tables import attempts, deliveries, events

#: Events of one step: few enough that a worker on SQLite, where one writes at a time, waits for milliseconds.
STEP_EVENTS = 200
#: Milliseconds that nothing may be younger than: the limits of a profile count the claims of a day.
LEAST_AGE = 86_400_000

FINISHED_EVENTS = (EventState.PLANNED, EventState.SKIPPED)
FINISHED_DELIVERIES = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SUPPRESSED)


@dataclass(frozen=True, slots=True)
class Hanging:
    """A table whose rows belong to rows of another: `column` holds the `id` of the parent's row."""

    table: Table
    column: str
    parent: Table


#: Everything that hangs on an event, children before their parents: the order of deleting.
HANGING = (
    Hanging(attempts, "delivery_id", deliveries),
    Hanging(deliveries, "event_row", events),
    Hanging(run_tests, "event_row", events),
    Hanging(runs, "event_row", events),
)


@dataclass(frozen=True, slots=True)
class Finished:
    """Which events may go: unchanged since `before` (milliseconds UTC)."""

    before: int
    quarantined: bool = False

    def condition(self) -> ColumnElement[bool]:
        """Make the condition on the table of events."""
        event_states = (*FINISHED_EVENTS, *((EventState.QUARANTINED,) if self.quarantined else ()))
        delivery_states = (*FINISHED_DELIVERIES, *((DeliveryState.QUARANTINED,) if self.quarantined else ()))
        unfinished = exists().where(
            deliveries.c.event_row == events.c.id,
            deliveries.c.state.not_in(delivery_states) | (deliveries.c.updated_at >= self.before),
        )
        return and_(
            events.c.state.in_(event_states),
            events.c.recorded_at < self.before,
            events.c.updated_at < self.before,
            ~unfinished,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Events of one step, by row, and the row after which to look for the next; None when there are no more."""

    rows: tuple[int, ...]
    next_after: int | None


def find(connection: Connection, finished: Finished, after: int, last: int) -> Found:
    """Find the next events that may go, of the rows above `after` and up to `last`; takes no lock."""
    rows = tuple(
        connection.execute(
            select(events.c.id)
            .where(events.c.id > after, events.c.id <= last, finished.condition())
            .order_by(events.c.id)
            .limit(STEP_EVENTS)
        ).scalars()
    )
    return Found(rows, rows[-1] if len(rows) == STEP_EVENTS else None)


def count(connection: Connection, finished: Finished, last: int) -> dict[str, int]:
    """Count what may go, by table, parents first."""
    going = select(events.c.id).where(events.c.id <= last, finished.condition())
    counts = {events.name: connection.execute(select(func.count()).select_from(going.subquery())).scalar_one()}
    for each in reversed(HANGING):
        wanted = select(func.count()).select_from(each.table).where(_hangs_on(each, going))
        counts[each.table.name] = connection.execute(wanted).scalar_one()
    return counts


def last_row_before(connection: Connection, moment: int) -> int:
    """Return a row number that no event recorded before `moment` lies above; 0 when there is none.

    Rows are numbered in the order of recording, so the border is found by halving rather than by reading the table.
    Hosts whose clocks differ record out of order near the border; the condition of a step is exact all the same.
    """
    low, high = 0, connection.execute(select(func.max(events.c.id))).scalar() or 0
    while low < high:
        middle = (low + high + 1) // 2
        recorded = connection.execute(
            select(events.c.recorded_at).where(events.c.id >= middle).order_by(events.c.id).limit(1)
        ).scalar()
        if recorded is not None and recorded < moment:
            low = middle
        else:
            high = middle - 1
    return low


def read_rows(connection: Connection, rows: Sequence[int]) -> list[tuple[str, dict[str, Any]]]:
    """Return everything that belongs to these events as (table, values), parents first."""
    going = select(events.c.id).where(events.c.id.in_(rows))
    found = [(events.name, dict(row)) for row in connection.execute(_whole(events, events.c.id.in_(rows))).mappings()]
    for each in reversed(HANGING):
        statement = _whole(each.table, _hangs_on(each, going))
        found += [(each.table.name, dict(row)) for row in connection.execute(statement).mappings()]
    return found


def remove(connection: Connection, finished: Finished, rows: Sequence[int]) -> dict[str, int]:
    """Delete those of the events that may still go, with everything that hangs on them; count by table.

    Locks the events and their deliveries first, so that a decision of a person comes before or after, never between.
    """
    connection.execute(select(events.c.id).where(events.c.id.in_(rows)).with_for_update()).all()
    connection.execute(select(deliveries.c.id).where(deliveries.c.event_row.in_(rows)).with_for_update()).all()
    still = connection.execute(select(events.c.id).where(events.c.id.in_(rows), finished.condition())).scalars().all()
    going = select(events.c.id).where(events.c.id.in_(still))
    counts = {
        each.table.name: connection.execute(delete(each.table).where(_hangs_on(each, going))).rowcount
        for each in HANGING
    }
    counts[events.name] = connection.execute(delete(events).where(events.c.id.in_(still))).rowcount
    return counts


def _hangs_on(each: Hanging, going: Select[tuple[int]]) -> ColumnElement[bool]:
    """Make the condition that a row of the table hangs, by however many parents, on one of the events."""
    parents = going
    if each.parent is not events:
        parent = next(other for other in HANGING if other.table is each.parent)
        parents = select(parent.table.c.id).where(_hangs_on(parent, going))
    return each.table.c[each.column].in_(parents)


def _whole(table: Table, condition: ColumnElement[bool]) -> Select[Any]:
    return select(table).where(condition).order_by(*table.primary_key.columns)


#: Keeps rows that are about to be deleted; returns when they are safe.
Archive = Callable[[Sequence[tuple[str, dict[str, Any]]]], None]
