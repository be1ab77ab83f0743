"""The sweep: take back what a lost worker held, and find what is due.

The database is the truth and the queue a bell; the sweep is what rings again when a bell was lost. Several sweeps
may run at once: each change is one conditional statement. It rings nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, exists, not_, or_, select, update

from consumers.ledger.following import follow_breakers
from consumers.ledger.lease import lease_ended, read_lease_clock
from consumers.ledger.looking import profiles_to_look
from consumers.ledger.states import WAITING, DeliveryState, EventState
from consumers.ledger.tables import deliveries, events
from consumers.ledger.waiting import follow_profiles, profiles
from profiles.errors import ANSWER_LOST
from profiles.profile import OnUncertain

#: Events of one sweep; the rest follows in the next.
MOST_EVENTS = 500
#: Milliseconds that a server gets to file a mail before it is looked for.
LOOK_DELAY = 10_000
#: Deliveries of one sweep that are held or released with their profile; the rest follows in the next.
MOST_FOLLOWING = 5_000


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: how much it took back, and what to ring for."""

    taken_back: int
    uncertain: int
    unplanned: tuple[int, ...]
    due_profiles: tuple[int, ...]
    handed_over: int = 0
    #: Profiles whose uncertain mail is to be looked for in their mailbox.
    to_look: tuple[int, ...] = ()


def sweep(connection: Connection, now: int) -> Swept:
    """Take back ended claims, follow profiles that were switched off or on, and list what is due.

    A claim that ended before DATA is pending again. One that ended after the commit before DATA may have been
    sent: with IMAP it is looked for first; then the profile's `on_uncertain` says whether it is sent once more
    (flagged `maybe_twice`) or waits for a person as uncertain. A second uncertainty always waits.
    """
    moment = read_lease_clock(connection)
    ended = and_(deliveries.c.state == DeliveryState.SENDING, lease_ended(deliveries, moment))
    free = {"owner": None, "lease_until": None, "updated_at": now}
    taken_back = connection.execute(
        update(deliveries)
        .where(ended, deliveries.c.at_data.is_(False))
        .values(state=DeliveryState.PENDING, due_at=now, **free)
    ).rowcount
    can_look = exists().where(profiles.c.id == deliveries.c.profile_id, profiles.c.imap_host.is_not(None))
    resend = and_(
        deliveries.c.maybe_twice.is_(False),
        not_(can_look),
        exists().where(profiles.c.id == deliveries.c.profile_id, profiles.c.on_uncertain == OnUncertain.RESEND.value),
    )
    uncertain = connection.execute(
        update(deliveries)
        .where(ended, deliveries.c.at_data.is_(True))
        .values(
            state=case((resend, DeliveryState.DEFERRED.value), else_=DeliveryState.UNCERTAIN.value),
            reason=ANSWER_LOST,
            due_at=case((resend, now), (can_look, now + LOOK_DELAY), else_=None),
            maybe_twice=True,
            at_data=False,
            starts=0,
            **free,
        )
    ).rowcount
    follow_profiles(connection, now, most=MOST_FOLLOWING)
    handed_over = follow_breakers(connection, now, moment)
    unplanned = connection.execute(
        select(events.c.id)
        .where(events.c.state == EventState.ACCEPTED, lease_ended(events, moment))
        .order_by(events.c.id)
        .limit(MOST_EVENTS)
    ).scalars()
    due = connection.execute(
        select(profiles.c.id).where(
            exists().where(
                deliveries.c.profile_id == profiles.c.id,
                or_(*(deliveries.c.state == state for state in WAITING)),
                deliveries.c.due_at <= now,
            )
        )
    ).scalars()
    to_look = profiles_to_look(connection, now, moment)
    return Swept(taken_back, uncertain, tuple(unplanned), tuple(due), handed_over, to_look)
