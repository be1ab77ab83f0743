"""Following breakers: what waits for a profile whose breaker is open is held, probes, or goes to its failover.

Part of every sweep. An open breaker holds what is due, with the reason named; what was held so is released when it
closes. While it is open one delivery at a time goes out to probe, once its wait is over. A profile with a failover
hands over what waits: never anything that may have been sent already. Switched-off profiles are `waiting`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, or_, select, update

from consumers.ledger.breakers import Breaker, read_breaker
from consumers.ledger.lease import Moment
from consumers.ledger.states import WAITING, DeliveryState
from consumers.ledger.tables import breakers, deliveries
from consumers.ledger.waiting import profiles
from profiles.addresses import UnusableAddress, is_allowed, read_address

BREAKER = "breaker_open"
FAILOVER = "failover"
#: Deliveries handed over in one sweep; the rest follows in the next.
MOST_HANDED_OVER = 500


def follow_breakers(connection: Connection, now: int, moment: Moment) -> int:
    """Hold, release and hand over what waits, as breakers stand; return how many went to failover profiles."""
    _forget_mended(connection)
    found = [
        (row, read_breaker(connection, row.id, moment))
        for row in connection.execute(
            select(profiles.c.id, profiles.c.failover, breakers.c.opened_at)
            .join(breakers, breakers.c.profile_id == profiles.c.id)
            .where(breakers.c.opened_at.is_not(None))
        ).all()
    ]
    _release(connection, deliveries.c.profile_id.not_in([row.id for row, _ in found]), now)
    handed_over = 0
    for row, breaker in found:
        if row.failover is not None:
            handed_over += _hand_over(connection, row, now, moment)
        _hold_or_probe(connection, row.id, breaker, now)
    return handed_over


def _release(connection: Connection, condition: Any, now: int) -> None:
    connection.execute(
        update(deliveries)
        .where(deliveries.c.state == DeliveryState.HELD, deliveries.c.reason == BREAKER, condition)
        .values(state=DeliveryState.PENDING, reason=None, due_at=now, updated_at=now)
    )


def _forget_mended(connection: Connection) -> None:
    """Close the breakers of profiles that a person has changed, or tested with success, since they opened."""
    changed = profiles.c.updated_at > breakers.c.updated_at
    tested = and_(profiles.c.smtp_tested_at > breakers.c.updated_at, profiles.c.smtp_test_reason.is_(None))
    connection.execute(
        update(breakers)
        .where(
            or_(breakers.c.opened_at.is_not(None), breakers.c.failures > 0),
            exists().where(profiles.c.id == breakers.c.profile_id, or_(changed, tested)),
        )
        .values(failures=0, openings=0, reason=None, opened_at=None, open_until=None)
    )


def _hold_or_probe(connection: Connection, profile_id: int, breaker: Breaker, now: int) -> None:
    """Hold what is due while the breaker waits; afterwards let the oldest go to probe, if none is on its way."""
    its = deliveries.c.profile_id == profile_id
    due = and_(its, deliveries.c.state.in_(WAITING), deliveries.c.due_at <= now)
    if breaker.wait:
        connection.execute(
            update(deliveries).where(due).values(state=DeliveryState.HELD, reason=BREAKER, due_at=None, updated_at=now)
        )
        return
    on_its_way = select(deliveries.c.id).where(or_(due, and_(its, deliveries.c.state == DeliveryState.SENDING)))
    if connection.execute(on_its_way.limit(1)).first() is not None:
        return
    oldest = connection.execute(
        select(deliveries.c.id)
        .where(its, deliveries.c.state == DeliveryState.HELD, deliveries.c.reason == BREAKER)
        .order_by(deliveries.c.id)
        .limit(1)
    ).scalar()
    if oldest is not None:
        _release(connection, deliveries.c.id == oldest, now)


def _hand_over(connection: Connection, row: Row[Any, Any, Any], now: int, moment: Moment) -> int:
    """Give what waits for a profile to its failover; what the failover may not write to stays where it is.

    An attempt that failed here ended before MAIL was accepted, or with the server's own refusal; what may have been
    sent is flagged and stays.
    """
    heir = connection.execute(
        select(profiles.c.id, profiles.c.name, profiles.c.enabled, profiles.c.allowed_recipients).where(
            profiles.c.name == row.failover
        )
    ).first()
    if heir is None or not heir.enabled or read_breaker(connection, heir.id, moment).is_open:
        return 0
    waiting = or_(
        and_(deliveries.c.state.in_(WAITING), deliveries.c.due_at <= now),
        and_(deliveries.c.state == DeliveryState.HELD, deliveries.c.reason == BREAKER),
    )
    found = connection.execute(
        select(deliveries.c.id, deliveries.c.recipient)
        .where(deliveries.c.profile_id == row.id, waiting, deliveries.c.maybe_twice.is_(False))
        .order_by(deliveries.c.id)
        .limit(MOST_HANDED_OVER)
    ).all()
    ids = _allowed(found, tuple(heir.allowed_recipients))
    if ids:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(ids), waiting)
            .values(
                profile_id=heir.id,
                profile=heir.name,
                state=DeliveryState.PENDING,
                reason=FAILOVER,
                due_at=now,
                updated_at=now,
            )
        )
    return len(ids)


def _allowed(found: Sequence[Row[Any, Any]], allowed: tuple[str, ...]) -> list[int]:
    ids = []
    for row in found:
        try:
            if is_allowed(read_address(row.recipient), allowed):
                ids.append(row.id)
        except UnusableAddress:
            continue
    return ids
