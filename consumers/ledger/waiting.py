"""The mail that waits for a profile: counted, held and released with it, moved to another, given up.

The `Waiting` that profiles ask for. Each verb changes only deliveries that wait: what a worker has in hand is left
to it. Who decides, and about which profile, is not known here.
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, case, func, select, update
from sqlmodel import SQLModel

from consumers.ledger.states import WAITING, DeliveryState
from consumers.ledger.tables import deliveries
from profiles.addresses import is_allowed, read_address
from profiles.profile import Profile
from profiles.tables import ProfileRow  # noqa: F401 - the import declares the table
from profiles.waiting import Moved, Waits

profiles = SQLModel.metadata.tables["profile"]

#: States that need their profile, beside `sending`: due, held, or waiting for a person's decision.
NEEDING = (*WAITING, DeliveryState.HELD, DeliveryState.UNCERTAIN)
#: Why a delivery is held while its profile is switched off.
PROFILE_DISABLED = "profile_disabled"
#: Why a delivery failed whose profile was removed.
PROFILE_REMOVED = "profile_removed"
#: The reason of a hold that only a person ends.
HELD_BY_PERSON = "held_by_person"
#: Deliveries of one step: keeps a transaction of others from waiting longer than about 0.1 s.
STEP = 1_000

NEEDS = and_(deliveries.c.profile_id == bindparam("of_profile"), deliveries.c.state.in_([*NEEDING]))
PAGE = select(deliveries.c.id, deliveries.c.recipient).where(NEEDS).limit(STEP).with_for_update()
#: A hold that belonged to the old profile ends with the move; one of a person stays, and so does an uncertainty.
ENDS_HOLD = and_(deliveries.c.state == DeliveryState.HELD, deliveries.c.reason.is_distinct_from(HELD_BY_PERSON))
MOVE = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        profile_id=bindparam("to_id"),
        profile=bindparam("to_name"),
        state=case((ENDS_HOLD, DeliveryState.PENDING.value), else_=deliveries.c.state),
        reason=case((ENDS_HOLD, None), else_=deliveries.c.reason),
        due_at=case((ENDS_HOLD, bindparam("now")), else_=deliveries.c.due_at),
        updated_at=bindparam("now"),
    )
)
SUPPRESS = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=DeliveryState.SUPPRESSED.value,
        reason="recipient_not_allowed",
        due_at=None,
        updated_at=bindparam("now"),
    )
)


class LedgerWaiting:
    """What waits, read and changed in the ledger, inside the transaction of the connection given."""

    def count(self, connection: Connection, profile_id: int) -> Waits:
        """Count what needs the profile, in one statement, so that nothing changes its state in between."""
        rows = connection.execute(
            select(deliveries.c.state, func.count().label("n"))
            .where(deliveries.c.profile_id == profile_id, deliveries.c.state.in_([*NEEDING, DeliveryState.SENDING]))
            .group_by(deliveries.c.state)
            .order_by(deliveries.c.state)
        )
        found = {row.state: row.n for row in rows}
        in_hand = found.pop(DeliveryState.SENDING.value, 0)
        return Waits(found, in_hand)

    def follow(self, connection: Connection, profile_id: int, now: int) -> int:
        """Hold or release one step of what waits for one profile."""
        return follow_profiles(connection, now, profile_id=profile_id, most=STEP)

    def move(self, connection: Connection, profile_id: int, to: Profile, now: int) -> Moved:
        """Give what needs the profile to another one; a recipient that one may not write to is suppressed."""
        moved = suppressed = 0
        while rows := connection.execute(PAGE, {"of_profile": profile_id}).all():
            allowed = [row.id for row in rows if may_write(to, row.recipient)]
            forbidden = sorted({row.id for row in rows} - set(allowed))
            if allowed:
                connection.execute(MOVE, {"ids": allowed, "to_id": to.id, "to_name": to.name, "now": now})
            if forbidden:
                connection.execute(SUPPRESS, {"ids": forbidden, "now": now})
            moved += len(allowed)
            suppressed += len(forbidden)
        return Moved(moved, suppressed)

    def fail(self, connection: Connection, profile_id: int, now: int) -> int:
        """Give up what needs the profile."""
        return connection.execute(
            update(deliveries)
            .where(NEEDS)
            .values(state=DeliveryState.FAILED, reason=PROFILE_REMOVED, due_at=None, updated_at=now),
            {"of_profile": profile_id},
        ).rowcount


def may_write(profile: Profile, recipient: str) -> bool:
    """Say whether a profile may write to the address of a delivery."""
    return not profile.allowed_recipients or is_allowed(read_address(recipient), profile.allowed_recipients)


def follow_profiles(connection: Connection, now: int, *, profile_id: int | None = None, most: int) -> int:
    """Hold what waits for a profile that is switched off, release what was held for one that is on again.

    Of one profile, or of all; at most so many deliveries each way. Returns how many were changed. What another
    transaction has its hands on is passed over.
    """
    one = () if profile_id is None else (profiles.c.id == profile_id,)
    off = select(profiles.c.id).where(profiles.c.enabled.is_(False), *one)
    on = select(profiles.c.id).where(profiles.c.enabled.is_(True), *one)
    to_hold = select(deliveries.c.id).where(deliveries.c.profile_id.in_(off), deliveries.c.state.in_(WAITING))
    to_release = select(deliveries.c.id).where(
        deliveries.c.state == DeliveryState.HELD,
        deliveries.c.reason == PROFILE_DISABLED,
        deliveries.c.profile_id.in_(on),
    )
    held = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(to_hold.limit(most).with_for_update(skip_locked=True)))
        .values(state=DeliveryState.HELD, reason=PROFILE_DISABLED, due_at=None, updated_at=now)
    ).rowcount
    released = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(to_release.limit(most).with_for_update(skip_locked=True)))
        .values(state=DeliveryState.PENDING, reason=None, due_at=now, updated_at=now)
    ).rowcount
    return held + released
