"""The books: whether everything accepted is accounted for.

Every event is in one event state; a planned event has at least one delivery and no other event has any; the
planned deliveries are the sum over the delivery states. Read in one transaction, so that the sums belong together.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select

from consumers.ledger.states import Bounced, DeliveryState, EventState
from consumers.ledger.tables import deliveries, events


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger adds up to; `problems` names each sum that does not come out."""

    accepted: int
    planned: int
    events: dict[str, int]
    states: dict[str, int]
    maybe_twice: int
    #: Mails that a server took and that did not arrive, by kind; they stay in their states.
    bounced: dict[str, int]
    #: Suppressed deliveries by the rule that forbade them.
    suppressed_by: dict[str, int]
    problems: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Whether every sum comes out."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Return the books as `runmail audit --json` prints them."""
        return {"balanced": self.balanced, **asdict(self), "problems": list(self.problems)}


def read_books(connection: Connection) -> Books:
    """Add up the ledger."""
    by_event_state: dict[str, int] = {state.value: 0 for state in EventState}
    by_event_state.update(
        {
            row.state: row.n
            for row in connection.execute(select(events.c.state, func.count().label("n")).group_by(events.c.state))
        }
    )
    by_state: dict[str, int] = {state.value: 0 for state in DeliveryState}
    by_state.update(
        {
            row.state: row.n
            for row in connection.execute(
                select(deliveries.c.state, func.count().label("n")).group_by(deliveries.c.state)
            )
        }
    )
    planned = connection.execute(select(func.count()).select_from(deliveries)).scalar_one()
    accepted = connection.execute(select(func.count()).select_from(events)).scalar_one()
    twice = connection.execute(
        select(func.count()).select_from(deliveries).where(deliveries.c.maybe_twice.is_(True))
    ).scalar_one()

    bounced: dict[str, int] = {kind.value: 0 for kind in Bounced}
    bounced.update(_count_by(connection, deliveries.c.bounced, deliveries.c.bounced.is_not(None)))
    suppressed_by = _count_by(connection, deliveries.c.reason, deliveries.c.state == DeliveryState.SUPPRESSED)

    problems = []
    if unknown := sorted(set(by_event_state) - set(EventState)):
        problems.append(f"events in unknown states: {', '.join(unknown)}")
    if unknown := sorted(set(by_state) - set(DeliveryState)):
        problems.append(f"deliveries in unknown states: {', '.join(unknown)}")
    its_deliveries = exists().where(deliveries.c.event_row == events.c.id)
    empty = connection.execute(
        select(func.count()).select_from(events).where(events.c.state == EventState.PLANNED, ~its_deliveries)
    ).scalar_one()
    if empty:
        problems.append(f"{empty} planned events have no delivery")
    early = connection.execute(
        select(func.count()).select_from(events).where(events.c.state != EventState.PLANNED, its_deliveries)
    ).scalar_one()
    if early:
        problems.append(f"{early} events have deliveries without being planned")
    if sum(by_state.values()) != planned:
        problems.append("deliveries and their states do not add up")
    if sum(by_event_state.values()) != accepted:
        problems.append("events and their states do not add up")
    return Books(accepted, planned, by_event_state, by_state, twice, bounced, suppressed_by, tuple(problems))


def _count_by(connection: Connection, column: ColumnElement[Any], *where: ColumnElement[bool]) -> dict[str, int]:
    """Return how many deliveries there are with each value of a column."""
    found = select(column.label("value"), func.count().label("n")).where(*where).group_by(column).order_by(column)
    return {row.value or "": row.n for row in connection.execute(found)}
