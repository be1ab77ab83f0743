"""The verbs data and settle: the commit before DATA, and the commit of what came of it.

Both hold only for the owner of the fence. `reach_data` also re-reads the lease: a worker that slept through its
lease must not send. It leaves an attempt in state unknown, which stays so if nobody ever learns the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from consumers.ledger.lease import read_lease_clock
from consumers.ledger.states import AttemptOutcome, DeliveryState
from consumers.ledger.tables import attempts, deliveries
from profiles.errors import ANSWER_LOST

# Statements are made once: SQLAlchemy takes longer to make one than SQLite to run it.
FOUND = (
    select(deliveries.c.id, deliveries.c.fence)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update()
)
HOLDING = FOUND.where(
    deliveries.c.state == DeliveryState.SENDING.value,
    deliveries.c.lease_epoch == bindparam("epoch"),
    deliveries.c.lease_until > bindparam("moment"),
)
# What the sweep has flagged is open as long as nobody has taken it up: an answer that comes after all settles it.
OPEN = FOUND.where(
    or_(
        deliveries.c.state == DeliveryState.SENDING.value,
        and_(
            deliveries.c.state.in_((DeliveryState.UNCERTAIN.value, DeliveryState.DEFERRED.value)),
            deliveries.c.reason == ANSWER_LOST,
        ),
    )
)
REACH_DATA = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("row"))
    .values(at_data=True, attempts=deliveries.c.attempts + 1, lease_until=bindparam("until"))
)
SETTLE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("why"),
        due_at=bindparam("due"),
        maybe_twice=bindparam("twice"),
        last_answer=bindparam("said"),
        sent_at=bindparam("sent"),
        attempts=deliveries.c.attempts + bindparam("tried"),
        updated_at=bindparam("at"),
        at_data=False,
        starts=0,
        owner=None,
        lease_until=None,
    )
)
BEGIN_ATTEMPT = insert(attempts)
ADD_ATTEMPT = insert(attempts)
FINISH_ATTEMPT = (
    update(attempts)
    .where(and_(attempts.c.delivery_id == bindparam("row"), attempts.c.fence == bindparam("number")))
    .values(
        outcome=bindparam("came"),
        reason=bindparam("why"),
        code=bindparam("reply"),
        status=bindparam("extra"),
        answer=bindparam("said"),
        ended_at=bindparam("at"),
    )
)


@dataclass(frozen=True, slots=True)
class AtData:
    """A delivery whose recipient the server has accepted and whose DATA comes next."""

    delivery_id: int
    fence: int
    profile_id: int
    lease_seconds: float
    started_at: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of an attempt and the state that follows. Times in milliseconds UTC."""

    delivery_id: int
    fence: int
    profile_id: int
    state: DeliveryState
    outcome: AttemptOutcome
    started_at: int
    now: int
    #: Whether `reach_data` was committed for this attempt.
    at_data: bool
    reason: str | None = None
    due_at: int | None = None
    code: int | None = None
    status: str | None = None
    answer: str | None = None
    maybe_twice: bool = False


def reach_data(connection: Connection, items: Sequence[AtData]) -> list[bool]:
    """Write that DATA comes next; False for an item that no longer belongs to its worker and must not be sent."""
    moment = read_lease_clock(connection)
    rows = connection.execute(
        HOLDING,
        {"ids": [item.delivery_id for item in items], "epoch": moment.epoch, "moment": moment.milliseconds},
    ).all()
    owned = {(row.id, row.fence) for row in rows}
    kept = [item for item in items if (item.delivery_id, item.fence) in owned]
    if kept:
        connection.execute(
            REACH_DATA,
            [{"row": item.delivery_id, "until": moment.after(item.lease_seconds)} for item in kept],
        )
        connection.execute(
            BEGIN_ATTEMPT,
            [
                {
                    "delivery_id": item.delivery_id,
                    "fence": item.fence,
                    "profile_id": item.profile_id,
                    "outcome": AttemptOutcome.UNKNOWN,
                    "started_at": item.started_at,
                }
                for item in kept
            ],
        )
    return [(item.delivery_id, item.fence) in owned for item in items]


def settle(connection: Connection, items: Sequence[Settlement]) -> list[bool]:
    """Write outcomes and states together; False for an item that somebody else has taken up or decided about.

    An answer that comes when the sweep has flagged its delivery already, and before anybody has acted on that, takes
    the flag away: it is known after all.
    """
    rows = connection.execute(OPEN, {"ids": [item.delivery_id for item in items]}).all()
    owned = {(row.id, row.fence) for row in rows}
    kept = [item for item in items if (item.delivery_id, item.fence) in owned]
    if kept:
        connection.execute(SETTLE, [_delivery_values(item) for item in kept])
        _write_attempts(connection, kept)
    return [(item.delivery_id, item.fence) in owned for item in items]


def _delivery_values(item: Settlement) -> dict[str, object]:
    said = " ".join(str(part) for part in (item.code, item.status, item.answer) if part)
    counted = item.outcome is not AttemptOutcome.STOPPED and not item.at_data
    return {
        "row": item.delivery_id,
        "new_state": item.state,
        "why": item.reason,
        "due": item.due_at,
        "twice": item.maybe_twice,
        "said": said or None,
        "sent": item.now if item.state is DeliveryState.SENT else None,
        "tried": int(counted),
        "at": item.now,
    }


def _write_attempts(connection: Connection, items: Sequence[Settlement]) -> None:
    """Finish the attempts that reached DATA, and add those that ended before it."""
    finished = [item for item in items if item.at_data]
    early = [item for item in items if not item.at_data]
    if finished:
        connection.execute(
            FINISH_ATTEMPT,
            [
                {
                    "row": item.delivery_id,
                    "number": item.fence,
                    "came": item.outcome,
                    "why": item.reason,
                    "reply": item.code,
                    "extra": item.status,
                    "said": item.answer,
                    "at": item.now,
                }
                for item in finished
            ],
        )
    if early:
        connection.execute(
            ADD_ATTEMPT,
            [
                {
                    "delivery_id": item.delivery_id,
                    "fence": item.fence,
                    "profile_id": item.profile_id,
                    "outcome": item.outcome,
                    "reason": item.reason,
                    "code": item.code,
                    "status": item.status,
                    "answer": item.answer,
                    "started_at": item.started_at,
                    "ended_at": item.now,
                }
                for item in early
            ],
        )


@dataclass(frozen=True, slots=True)
class GiveBack:
    """A claimed delivery that was not begun, because its worker stops or was too slow to come to it."""

    delivery_id: int
    fence: int
    now: int


def give_back(connection: Connection, items: Sequence[GiveBack]) -> list[bool]:
    """Return claims as if they had not been made; False for one that another worker has taken meanwhile."""
    results = []
    for item in items:
        changed = connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id == item.delivery_id,
                deliveries.c.fence == item.fence,
                deliveries.c.state == DeliveryState.SENDING,
                deliveries.c.at_data.is_(False),
            )
            .values(
                state=DeliveryState.PENDING,
                due_at=item.now,
                starts=deliveries.c.starts - 1,
                owner=None,
                lease_until=None,
                updated_at=item.now,
            )
        )
        results.append(changed.rowcount == 1)
    return results
