"""The verbs of looking for uncertain mail: which are to be looked for, under a lease, and what was found.

A mail whose answer was lost may lie in the mailbox of its sender. Where a profile has IMAP that is looked up before
anything else is decided. A look is counted before it begins; after three without an end the profile's rule decides
as if nothing had been found. It knows no IMAP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from consumers.ledger.lease import Moment, lease_ended, read_lease_clock
from consumers.ledger.states import MAX_STARTS, AttemptOutcome, DeliveryState
from consumers.ledger.tables import attempts, deliveries
from profiles.errors import ANSWER_LOST
from profiles.profile import OnUncertain

#: Deliveries of one look; the rest follows.
MOST_LOOKED_FOR = 20
#: Seconds one look may take, all its searches included.
LOOK_SECONDS = 90.0
#: Milliseconds between a look that failed and the next.
NEXT_LOOK = 60_000


@dataclass(frozen=True, slots=True)
class Sought:
    """A delivery that is looked for; `message_id` without brackets. It belongs to its looker while the fence stands."""

    id: int
    fence: int
    message_id: str


@dataclass(frozen=True, slots=True)
class LookRequest:
    """Who looks for the uncertain mail of which profile. `now` in milliseconds UTC."""

    profile_id: int
    owner: str
    now: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to: found, not found, or not ended (`found` is None) because the mailbox could not be read."""

    sought: Sought
    found: bool | None
    on_uncertain: OnUncertain
    now: int


def profiles_to_look(connection: Connection, now: int, moment: Moment) -> tuple[int, ...]:
    """Return the profiles that have uncertain mail to be looked for now."""
    rows = connection.execute(
        select(deliveries.c.profile_id)
        .where(
            deliveries.c.state == DeliveryState.UNCERTAIN,
            deliveries.c.due_at <= now,
            lease_ended(deliveries, moment),
        )
        .distinct()
    )
    return tuple(rows.scalars())


def begin_looks(connection: Connection, requests: Sequence[LookRequest]) -> list[tuple[Sought, ...]]:
    """Take uncertain deliveries under a lease and count the look."""
    moment = read_lease_clock(connection)
    return [_begin(connection, request, moment) for request in requests]


def _begin(connection: Connection, request: LookRequest, moment: Moment) -> tuple[Sought, ...]:
    rows = connection.execute(
        select(deliveries.c.id, deliveries.c.fence, deliveries.c.message_id)
        .where(
            deliveries.c.profile_id == request.profile_id,
            deliveries.c.state == DeliveryState.UNCERTAIN,
            deliveries.c.due_at <= request.now,
            lease_ended(deliveries, moment),
        )
        .order_by(deliveries.c.id)
        .limit(MOST_LOOKED_FOR)
        .with_for_update(skip_locked=True)
    ).all()
    if rows:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_([row.id for row in rows]))
            .values(
                owner=request.owner,
                fence=deliveries.c.fence + 1,
                starts=deliveries.c.starts + 1,
                lease_epoch=moment.epoch,
                lease_until=moment.after(LOOK_SECONDS),
            )
        )
    return tuple(Sought(row.id, row.fence + 1, row.message_id) for row in rows)


def end_looks(connection: Connection, looks: Sequence[Looked]) -> list[DeliveryState | None]:
    """Write down what looks came to; the state that follows, None where somebody else has decided meanwhile."""
    return [_end(connection, look) for look in looks]


def _end(connection: Connection, look: Looked) -> DeliveryState | None:
    ours = (
        deliveries.c.id == look.sought.id,
        deliveries.c.fence == look.sought.fence,
        deliveries.c.state == DeliveryState.UNCERTAIN,
    )
    row = connection.execute(select(deliveries.c.starts).where(*ours).with_for_update()).first()
    if row is None:
        return None
    free: dict[str, object] = {"owner": None, "lease_until": None, "updated_at": look.now}
    if look.found is None and row.starts < MAX_STARTS:
        connection.execute(update(deliveries).where(*ours).values(due_at=look.now + NEXT_LOOK, **free))
        return DeliveryState.UNCERTAIN
    free["starts"] = 0
    if look.found:
        state, facts = DeliveryState.SENT, {"reason": "found_in_mailbox", "due_at": None, "sent_at": look.now}
    elif look.on_uncertain is OnUncertain.RESEND and _unknown_attempts(connection, look.sought.id) <= 1:
        state, facts = DeliveryState.DEFERRED, {"reason": ANSWER_LOST, "due_at": look.now}
    else:
        state, facts = DeliveryState.UNCERTAIN, {"reason": ANSWER_LOST, "due_at": None}
    connection.execute(update(deliveries).where(*ours).values(state=state, **facts, **free))
    return state


def _unknown_attempts(connection: Connection, delivery_id: int) -> int:
    return connection.execute(
        select(func.count())
        .select_from(attempts)
        .where(attempts.c.delivery_id == delivery_id, attempts.c.outcome == AttemptOutcome.UNKNOWN)
    ).scalar_one()
