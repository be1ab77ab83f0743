"""A person's decisions about events and deliveries: replay, retry, hold, release.

Each is one conditional change and says whether it was made or why not. It knows the states; who decided and how
they were asked is not known here.
"""

from __future__ import annotations

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from consumers.ledger.states import DeliveryState, EventState
from consumers.ledger.tables import deliveries, events
from consumers.ledger.waiting import HELD_BY_PERSON, profiles


class NotPossible(Exception):
    """Raised with a sentence for people when a decision does not fit the state of its object."""


#: From which states a person may try a delivery again; `sent` and `sending` are not among them.
RETRYABLE = (
    DeliveryState.FAILED,
    DeliveryState.QUARANTINED,
    DeliveryState.UNCERTAIN,
    DeliveryState.DEFERRED,
    DeliveryState.PENDING,
)
HOLDABLE = (DeliveryState.PENDING, DeliveryState.DEFERRED)


def retry(connection: Connection, delivery_id: int, now: int) -> None:
    """Make a delivery due now.

    Raises:
        NotPossible: for an unknown delivery, in a state from which it must not be sent again, and without a profile.
    """
    state, unusable = _delivery(connection, delivery_id)
    if state not in RETRYABLE:
        raise NotPossible(f"delivery {delivery_id} is {state}: only {', '.join(RETRYABLE)} can be tried again")
    if unusable:
        raise NotPossible(f"delivery {delivery_id} has an unusable address: mend the event and publish it anew")
    its_profile = select(deliveries.c.id).join(profiles, profiles.c.id == deliveries.c.profile_id)
    if connection.execute(its_profile.where(deliveries.c.id == delivery_id)).first() is None:
        raise NotPossible(f"the profile of delivery {delivery_id} was removed: publish the event anew")
    _change(connection, delivery_id, state, DeliveryState.PENDING, now, due_at=now, starts=0, reason=None)


def hold(connection: Connection, delivery_id: int, now: int) -> None:
    """Keep a waiting delivery from being sent until it is released.

    Raises:
        NotPossible: for an unknown delivery, and for one that does not wait.
    """
    state, _ = _delivery(connection, delivery_id)
    if state not in HOLDABLE:
        raise NotPossible(f"delivery {delivery_id} is {state}: only pending and deferred ones can be held")
    _change(connection, delivery_id, state, DeliveryState.HELD, now, due_at=None, reason=HELD_BY_PERSON)


def release(connection: Connection, delivery_id: int, now: int) -> None:
    """Let a held delivery be sent.

    Raises:
        NotPossible: for an unknown delivery, and for one that is not held.
    """
    state, _ = _delivery(connection, delivery_id)
    if state is not DeliveryState.HELD:
        raise NotPossible(f"delivery {delivery_id} is {state}, not held")
    _change(connection, delivery_id, state, DeliveryState.PENDING, now, due_at=now, reason=None)


def settle_uncertain(connection: Connection, delivery_id: int, now: int, *, sent: bool) -> None:
    """Decide about a mail of which nobody knows whether it was taken: it was sent, or it is to be sent once more.

    Raises:
        NotPossible: for an unknown delivery, and for one that is not uncertain.
    """
    state, _ = _delivery(connection, delivery_id)
    if state is not DeliveryState.UNCERTAIN:
        raise NotPossible(f"delivery {delivery_id} is {state}, not uncertain")
    facts = {"owner": None, "lease_until": None, "starts": 0, "reason": "settled_by_person"}
    if sent:
        _change(connection, delivery_id, state, DeliveryState.SENT, now, due_at=None, sent_at=now, **facts)
    else:
        _change(connection, delivery_id, state, DeliveryState.PENDING, now, due_at=now, **facts)


def replay(connection: Connection, row_id: int, now: int) -> None:
    """Let a quarantined or skipped event be planned once more, after a fix.

    Raises:
        NotPossible: for an unknown event, one in another state, and one whose place another event has taken.
    """
    row = connection.execute(
        select(events.c.state, events.c.source, events.c.event_id).where(events.c.id == row_id)
    ).first()
    if row is None:
        raise NotPossible(f"there is no event {row_id}")
    if row.state not in (EventState.QUARANTINED, EventState.SKIPPED):
        raise NotPossible(f"event {row_id} is {row.state}: only quarantined and skipped ones can be replayed")
    if row.source is None or row.event_id is None:
        raise NotPossible(f"event {row_id} has no source and id: mend it and publish it anew")
    try:
        with connection.begin_nested():
            connection.execute(
                update(events)
                .where(events.c.id == row_id, events.c.state == row.state)
                .values(
                    state=EventState.ACCEPTED,
                    reason=None,
                    detail=None,
                    starts=0,
                    lease_until=None,
                    updated_at=now,
                )
            )
    except IntegrityError:
        raise NotPossible(f"another event with the source and id of {row_id} was accepted meanwhile") from None


def _delivery(connection: Connection, delivery_id: int) -> tuple[DeliveryState, bool]:
    row = connection.execute(
        select(deliveries.c.state, deliveries.c.reason).where(deliveries.c.id == delivery_id)
    ).first()
    if row is None:
        raise NotPossible(f"there is no delivery {delivery_id}")
    return DeliveryState(row.state), (row.reason or "").startswith("unusable_address")


def _change(
    connection: Connection,
    delivery_id: int,
    before: DeliveryState,
    after: DeliveryState,
    now: int,
    **values: object,
) -> None:
    changed = connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.state == before)
        .values(state=after, updated_at=now, **values)
    )
    if changed.rowcount != 1:
        raise NotPossible(f"delivery {delivery_id} changed meanwhile: look at it again")
