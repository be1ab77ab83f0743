"""Mail by the hour and state, over the last day.

The cost does not grow with the ledger. Where an hour begins is found in the index of creation times, one step each;
within an hour each state is counted in the index of states, at most MOST_COUNTED of each. Above that the number of
sent mails follows from the ids, which are given in turn: it is then an estimate, too high where ids were left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, ScalarSelect, func, literal, select

from consumers.ledger.states import DeliveryState
from consumers.ledger.tables import deliveries

HOURS = 24
HOUR = 3_600_000
#: Mails of one hour and state that are counted.
MOST_COUNTED = 2_000


@dataclass(frozen=True, slots=True)
class MailHour:
    """The mail planned in one hour, by the state it is in now; `begin` in milliseconds UTC.

    `estimated` says that there was too much to count.
    """

    begin: int
    states: dict[str, int]
    estimated: bool = False

    @property
    def total(self) -> int:
        """All mails of the hour."""
        return sum(self.states.values())


def mail_by_hour(connection: Connection, now: int, *, most: int = MOST_COUNTED) -> list[MailHour]:
    """Return the last HOURS hours up to `now` (milliseconds UTC), the oldest first, in two queries."""
    current = now - now % HOUR
    begins = [current - HOUR * back for back in range(HOURS - 1, -1, -1)]
    edges = _edges(connection, begins)
    states = list(DeliveryState)
    counts = iter(
        connection.execute(
            select(
                *(
                    _counted(state, low, high, most).label(f"n{number}_{state}")
                    for number, (low, high) in enumerate(edges)
                    for state in states
                )
            )
        ).one()
    )
    return [
        _hour(begin, high - low, {state.value: next(counts) for state in states}, most)
        for begin, (low, high) in zip(begins, edges, strict=True)
    ]


def _edges(connection: Connection, begins: Sequence[int]) -> list[tuple[int, int]]:
    """Return the ids that each hour begins with and ends before."""
    firsts = (
        select(deliveries.c.id)
        .where(deliveries.c.created_at >= begin)
        .order_by(deliveries.c.created_at, deliveries.c.id)
        .limit(1)
        .scalar_subquery()
        .label(f"first_{number}")
        for number, begin in enumerate(begins)
    )
    last = select(func.max(deliveries.c.id)).scalar_subquery().label("last")
    *found, newest = connection.execute(select(*firsts, last)).one()
    end = (newest or 0) + 1
    edges: list[tuple[int, int]] = []
    for first in reversed(found):
        low = end if first is None else min(first, end)
        edges.append((low, end))
        end = low
    return edges[::-1]


def _counted(state: DeliveryState, low: int, high: int, most: int) -> ScalarSelect[int]:
    some = (
        select(literal(1).label("one"))
        .where(deliveries.c.state == state.value, deliveries.c.id >= low, deliveries.c.id < high)
        .limit(most)
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery()


def _hour(begin: int, ids: int, states: dict[str, int], most: int) -> MailHour:
    if max(states.values()) < most:
        return MailHour(begin, states)
    others = sum(states.values()) - states[DeliveryState.SENT]
    return MailHour(begin, {**states, DeliveryState.SENT.value: max(states[DeliveryState.SENT], ids - others)}, True)
