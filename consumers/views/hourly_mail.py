"""Mail by the hour and state, over the last day.

The cost does not grow with the ledger. Where an hour begins is found in the index of creation times, one step each;
within an hour each state is counted in the index of states, at most MOST_COUNTED of each. Above that the number of
sent mails follows from the ids, which are given in turn: it is then an estimate, too high where ids were left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, ScalarSelect, bindparam, func, literal_column, select

from consumers.ledger.states import DeliveryState
from consumers.ledger.tables import deliveries

HOURS = 24
HOUR = 3_600_000
#: Mails of one hour and state that are counted; those that were sent are the many, and follow from the ids as well.
MOST_COUNTED = 2_000
MOST_SENT = 500


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


def mail_by_hour(connection: Connection, now: int, *, most_sent: int = MOST_SENT) -> list[MailHour]:
    """Return the last HOURS hours up to `now` (milliseconds UTC), the oldest first, in two queries."""
    current = now - now % HOUR
    begins = [current - HOUR * back for back in range(HOURS - 1, -1, -1)]
    edges = _edges(connection, begins)
    places = {f"low_{number}": low for number, (low, _) in enumerate(edges)}
    places |= {f"high_{number}": high for number, (_, high) in enumerate(edges)}
    counts = iter(connection.execute(_COUNTS, {**places, "most_sent": most_sent, "most": MOST_COUNTED}).one())
    return [
        _hour(begin, high - low, {state.value: next(counts) for state in DeliveryState}, most_sent)
        for begin, (low, high) in zip(begins, edges, strict=True)
    ]


def _edges(connection: Connection, begins: Sequence[int]) -> list[tuple[int, int]]:
    """Return the ids that each hour begins with and ends before."""
    moments = {f"begin_{number}": begin for number, begin in enumerate(begins)}
    *found, newest = connection.execute(_FIRSTS, moments).one()
    end = (newest or 0) + 1
    edges: list[tuple[int, int]] = []
    for first in reversed(found):
        low = end if first is None else min(first, end)
        edges.append((low, end))
        end = low
    return edges[::-1]


def _first(number: int) -> ScalarSelect[int]:
    query = select(deliveries.c.id).where(deliveries.c.created_at >= bindparam(f"begin_{number}"))
    return query.order_by(deliveries.c.created_at, deliveries.c.id).limit(1).scalar_subquery()


def _counted(state: DeliveryState, number: int) -> ScalarSelect[int]:
    some = (
        select(literal_column("1").label("one"))
        .where(
            deliveries.c.state == state.value,
            deliveries.c.id >= bindparam(f"low_{number}"),
            deliveries.c.id < bindparam(f"high_{number}"),
        )
        .limit(bindparam("most_sent" if state is DeliveryState.SENT else "most", type_=Integer))
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery()


# Made once: SQLAlchemy takes longer to make them than a database to run them.
_FIRSTS = select(
    *(_first(number).label(f"first_{number}") for number in range(HOURS)),
    select(func.max(deliveries.c.id)).scalar_subquery().label("last"),
)
_COUNTS = select(
    *(_counted(state, number).label(f"{state}_{number}") for number in range(HOURS) for state in DeliveryState)
)


def _hour(begin: int, ids: int, states: dict[str, int], most_sent: int) -> MailHour:
    sent = states[DeliveryState.SENT]
    others = sum(states.values()) - sent
    if sent < most_sent and others < MOST_COUNTED:
        return MailHour(begin, states)
    return MailHour(begin, {**states, DeliveryState.SENT.value: max(sent, ids - others)}, True)
