"""Acknowledgements: an alert that somebody has taken in hand is not repeated.

It ends when the alert is resolved, or after a week, since not every publisher says that an alert is resolved. An alert
that gets more severe than what was acknowledged is mailed all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from consumers.ledger.acting_tables import acknowledgements, alert_ends
from consumers.notice import Taken

#: Milliseconds for which an acknowledged alert is not repeated.
HOLDS = 7 * 86_400_000

STANDING = select(acknowledgements.c.scope, acknowledgements.c.severity).where(
    acknowledgements.c.scope.in_(bindparam("scopes", expanding=True)),
    acknowledgements.c.ended_row.is_(None),
    acknowledgements.c.created_at > bindparam("since"),
)
END = (
    update(acknowledgements)
    .where(acknowledgements.c.scope == bindparam("ended_scope"), acknowledgements.c.ended_row.is_(None))
    .values(ended_row=bindparam("row"))
)
LAST = (
    select(acknowledgements.c.taken_by, acknowledgements.c.created_at)
    .where(
        acknowledgements.c.scope == bindparam("of_scope"),
        acknowledgements.c.event_row < bindparam("row"),
        or_(acknowledgements.c.ended_row.is_(None), acknowledgements.c.ended_row >= bindparam("row")),
    )
    .order_by(acknowledgements.c.id.desc())
    .limit(1)
)


def find_acknowledged(connection: Connection, scopes: Collection[str], now: int) -> dict[str, int]:
    """Return the highest severity that is acknowledged at `now` (milliseconds UTC), by scope."""
    if not scopes:
        return {}
    found: dict[str, int] = {}
    for row in connection.execute(STANDING, {"scopes": sorted(scopes), "since": now - HOLDS}):
        found[row.scope] = max(row.severity, found.get(row.scope, row.severity))
    return found


def acknowledge(
    connection: Connection,
    *,
    profile_id: int,
    scope: str,
    severity: int,
    taken_by: str,
    about: str,
    event_row: int,
    now: int,
) -> None:
    """Write down who took an alert in hand. Of one that was resolved meanwhile nothing is stopped."""
    resolved = connection.execute(select(alert_ends.c.event_row).where(alert_ends.c.scope == scope)).scalar()
    connection.execute(
        insert(acknowledgements).values(
            profile_id=profile_id,
            scope=scope,
            severity=severity,
            taken_by=taken_by,
            about=about,
            event_row=event_row,
            ended_row=resolved if resolved is not None and resolved > event_row else None,
            created_at=now,
        )
    )


def end_acknowledgements(connection: Connection, resolved: Sequence[tuple[str, int]]) -> None:
    """End what was acknowledged of alerts that are resolved: pairs of scope and the event's row."""
    if not resolved:
        return
    connection.execute(END, [{"ended_scope": scope, "row": row} for scope, row in resolved])
    last = dict(resolved)
    connection.execute(delete(alert_ends).where(alert_ends.c.scope.in_(last)))
    connection.execute(insert(alert_ends), [{"scope": scope, "event_row": row} for scope, row in last.items()])


def find_taken(connection: Connection, scope: str, event_row: int) -> Taken | None:
    """Return who had taken an alert in hand when an event came."""
    row = connection.execute(LAST, {"of_scope": scope, "row": event_row}).first()
    return Taken(row.taken_by, datetime.fromtimestamp(row.created_at / 1000, UTC)) if row else None
