"""The verb claim: take deliveries that are due, under a lease and a fence.

Of two workers that want the same delivery one gets it: the database decides. A claim counts a start; a delivery
started three times without an end is quarantined. A limit of the profile makes a claim smaller or says how long
to wait; it never drops anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select, update

from consumers.ledger.breakers import read_breaker
from consumers.ledger.lease import Moment, read_lease_clock
from consumers.ledger.states import MAX_STARTS, WAITING, DeliveryState
from consumers.ledger.tables import deliveries, events
from profiles.profile import Limits

MINUTE = 60_000
DAY = 24 * 60 * MINUTE

# Statements are made once: SQLAlchemy takes longer to make one than SQLite to run it.
_DUE = (
    deliveries.c.profile_id == bindparam("profile"),
    deliveries.c.state.in_(WAITING),
    deliveries.c.due_at <= bindparam("now"),
)
_NEXT = (
    select(
        deliveries.c.id,
        deliveries.c.fence,
        deliveries.c.event_row,
        deliveries.c.recipient,
        deliveries.c.message_id,
        deliveries.c.attempts,
        deliveries.c.maybe_twice,
        deliveries.c.created_at,
        deliveries.c.starts,
    )
    .where(*_DUE)
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
NEXT_NEW = _NEXT.where(deliveries.c.starts == 0)
NEXT_SUSPECT = _NEXT.where(deliveries.c.starts > 0)
ANY_SUSPECT = select(deliveries.c.id).where(*_DUE, deliveries.c.starts > 0).limit(1)
CLAIM = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=DeliveryState.SENDING,
        reason=None,
        owner=bindparam("claimer"),
        lease_epoch=bindparam("epoch"),
        lease_until=bindparam("until"),
        fence=deliveries.c.fence + 1,
        at_data=False,
        starts=deliveries.c.starts + 1,
        claimed_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
)
BODIES = select(events.c.id, events.c.body).where(events.c.id.in_(bindparam("ids", expanding=True)))
_INSIDE = (deliveries.c.profile_id == bindparam("profile"), deliveries.c.claimed_at > bindparam("since"))
USED = select(func.count()).select_from(deliveries).where(*_INSIDE)
CLAIMED_AT = (
    select(deliveries.c.claimed_at)
    .where(*_INSIDE)
    .order_by(deliveries.c.claimed_at)
    .offset(bindparam("before"))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Who wants how many deliveries of which profile. `now` in milliseconds UTC, the lease in seconds."""

    profile_id: int
    owner: str
    most: int
    lease_seconds: float
    now: int
    limits: Limits
    known_events: frozenset[int] = frozenset()
    #: Whether one delivery that was begun before without an end is wanted, instead of those that were not.
    suspects: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that belongs to its claimer as long as the fence stands and the lease holds."""

    id: int
    fence: int
    event_row: int
    recipient: str
    message_id: str
    attempts: int
    maybe_twice: bool
    created_at: int
    #: How often it was begun before without an end.
    starts: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim came to.

    `bodies` holds the JSON of events that the claimer did not say it knows, by row. `wait` is how many
    milliseconds the profile's limit asks for; 0 when no limit stands in the way. `suspects_due` says that there
    are deliveries which were begun before without an end.
    """

    deliveries: tuple[Claimed, ...]
    bodies: dict[int, bytes]
    wait: int = 0
    suspects_due: bool = False


def claim(connection: Connection, requests: Sequence[ClaimRequest]) -> list[Claim]:
    """Claim for each request, oldest first."""
    moment = read_lease_clock(connection)
    return [_claim_one(connection, request, moment) for request in requests]


def _claim_one(connection: Connection, request: ClaimRequest, moment: Moment) -> Claim:
    """Claim for one request.

    What was begun before without an end is taken only when it is asked for, and then alone, so that its neighbours
    do not share its fate.
    """
    most, wait = _allowance(connection, request, moment)
    if most == 0:
        return Claim((), {}, wait)
    due = {"profile": request.profile_id, "now": request.now}
    found = connection.execute(
        NEXT_SUSPECT if request.suspects else NEXT_NEW, {**due, "most": 1 if request.suspects else most}
    ).all()
    good = [row for row in found if row.starts < MAX_STARTS]
    if len(good) < len(found):
        _quarantine(connection, [row.id for row in found if row.starts >= MAX_STARTS], request.now)
    suspects_due = len(found) < most and connection.execute(ANY_SUSPECT, due).first() is not None
    if not good:
        return Claim((), {}, wait, suspects_due)
    connection.execute(
        CLAIM,
        {
            "ids": [row.id for row in good],
            "claimer": request.owner,
            "epoch": moment.epoch,
            "until": moment.after(request.lease_seconds),
            "now": request.now,
        },
    )
    claimed = tuple(
        Claimed(
            id=row.id,
            fence=row.fence + 1,
            event_row=row.event_row,
            recipient=row.recipient,
            message_id=row.message_id,
            attempts=row.attempts,
            maybe_twice=row.maybe_twice,
            created_at=row.created_at,
            starts=row.starts,
        )
        for row in good
    )
    wanted = {item.event_row for item in claimed} - request.known_events
    rows = connection.execute(BODIES, {"ids": sorted(wanted)}).all() if wanted else []
    bodies = {row.id: row.body for row in rows}
    return Claim(claimed, bodies, wait, suspects_due)


def _allowance(connection: Connection, request: ClaimRequest, moment: Moment) -> tuple[int, int]:
    """Return how many may be claimed now, and the milliseconds until one more may be.

    Limits are sliding windows over the claims of all workers, read from the ledger itself; a server that asked to
    be written to slowly gets one mail at a time, at the pace of its breaker.
    """
    most, wait = request.most, 0
    pace = read_breaker(connection, request.profile_id, moment).pace
    windows = ((request.limits.per_minute, MINUTE), (request.limits.per_day, DAY), (1 if pace else None, pace))
    for limit, window in windows:
        if limit is None:
            continue
        inside = {"profile": request.profile_id, "since": request.now - window}
        used = connection.execute(USED, inside).scalar_one()
        if used >= limit:
            # The window opens when the claim that is `limit` claims back leaves it.
            oldest = connection.execute(CLAIMED_AT, {**inside, "before": used - limit}).scalar_one()
            wait = max(wait, oldest + window - request.now)
        most = max(0, min(most, limit - used))
    return most, wait


def _quarantine(connection: Connection, ids: list[int], now: int) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(ids))
        .values(
            state=DeliveryState.QUARANTINED,
            reason="crashed_worker",
            last_answer=f"begun {MAX_STARTS} times and never came to an end",
            due_at=None,
            updated_at=now,
        )
    )


#: The step as the writer takes it.
ClaimStep = Callable[[Connection, Sequence[ClaimRequest]], list[Claim]]
