"""How long mail takes from being published to being taken by the receiving server."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import quantiles

from sqlalchemy import Connection, func, select

from consumers.ledger.states import DeliveryState
from consumers.ledger.tables import deliveries, events

#: Mails that are looked at: the newest, found in the index of states.
MOST_MEASURED = 500


@dataclass(frozen=True, slots=True)
class TakenTimes:
    """Seconds that half and all but one in a hundred of the `mails` took; None where there are none.

    Two clocks are compared, that of the publisher and ours; a negative time counts as none.
    """

    mails: int
    p50: float | None = None
    p99: float | None = None


def taken_times(connection: Connection) -> TakenTimes:
    """Return how long the newest mails took, in one query."""
    begun = func.coalesce(events.c.published_at, events.c.recorded_at)
    newest = (
        select(deliveries.c.id, deliveries.c.event_row, deliveries.c.sent_at)
        .where(deliveries.c.state == DeliveryState.SENT.value)
        .order_by(deliveries.c.id.desc())
        .limit(MOST_MEASURED)
        .subquery()
    )
    query = select(newest.c.sent_at - begun).join(events, events.c.id == newest.c.event_row)
    found = [max(0, took) / 1000 for took in connection.execute(query.where(newest.c.sent_at.is_not(None))).scalars()]
    if not found:
        return TakenTimes(0)
    if len(found) == 1:
        return TakenTimes(1, found[0], found[0])
    cuts = quantiles(found, n=100, method="inclusive")
    return TakenTimes(len(found), cuts[49], cuts[98])
