"""Suppressions: addresses that get no mail, because it bounces or because an operator says so.

Each ends by itself when it has an end; a person may remove it before. What is planned while one stands is
`suppressed` with its reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from consumers.ledger.acting_tables import bounce_scores, suppressions
from consumers.ledger.bounce_score import decayed, suppressed_until, weight
from consumers.ledger.states import BY_OPERATOR, HARD_BOUNCES
from profiles.addresses import Address

#: Addresses asked for in one statement; databases bound the parameters of one.
STEP = 5_000

STANDING = select(suppressions.c.recipient_key, suppressions.c.reason).where(
    suppressions.c.recipient_key.in_(bindparam("keys", expanding=True)),
    or_(suppressions.c.until.is_(None), suppressions.c.until > bindparam("now")),
)


def find_suppressed(connection: Connection, keys: Collection[str], now: int) -> dict[str, str]:
    """Return the reasons of the suppressions that stand at `now`, by recipient key."""
    found: dict[str, str] = {}
    for step in _steps(keys):
        found.update(
            (row.recipient_key, row.reason) for row in connection.execute(STANDING, {"keys": step, "now": now})
        )
    return found


def count_bounce(connection: Connection, address: Address, status: str, now: int) -> int | None:
    """Add a hard bounce to the score of an address; return until when it is suppressed now, None while it is not.

    What an operator suppressed stays as it is.
    """
    row = connection.execute(
        select(bounce_scores).where(bounce_scores.c.recipient_key == address.key).with_for_update()
    ).first()
    score = (decayed(row.score, now - row.scored_at) if row else 0.0) + weight(status)
    values = {"score": score, "scored_at": now}
    if row is None:
        connection.execute(insert(bounce_scores).values(recipient_key=address.key, **values))
    else:
        connection.execute(update(bounce_scores).where(bounce_scores.c.recipient_key == address.key).values(**values))
    until = suppressed_until(score, now)
    if until is None:
        return None
    kept = connection.execute(select(suppressions.c.reason).where(suppressions.c.recipient_key == address.key)).scalar()
    if kept == BY_OPERATOR:
        return None
    _write(connection, address, reason=HARD_BOUNCES, note="", until=until, now=now)
    return until


def suppress(connection: Connection, address: Address, *, note: str, until: int | None, now: int) -> None:
    """Suppress an address because an operator says so; it takes the place of any other suppression of it."""
    _write(connection, address, reason=BY_OPERATOR, note=note, until=until, now=now)


def lift(connection: Connection, key: str) -> bool:
    """Remove a suppression and forget the score; False when there was neither."""
    removed = connection.execute(delete(suppressions).where(suppressions.c.recipient_key == key)).rowcount
    forgotten = connection.execute(delete(bounce_scores).where(bounce_scores.c.recipient_key == key)).rowcount
    return bool(removed or forgotten)


def _write(connection: Connection, address: Address, *, reason: str, note: str, until: int | None, now: int) -> None:
    connection.execute(delete(suppressions).where(suppressions.c.recipient_key == address.key))
    connection.execute(
        insert(suppressions).values(
            recipient_key=address.key, recipient=address.wire, reason=reason, note=note, until=until, created_at=now
        )
    )


def _steps(keys: Iterable[str]) -> Iterable[list[str]]:
    remaining = iter(keys)
    while step := list(islice(remaining, STEP)):
        yield step
