"""Bounces: the later fact that a mail did not arrive. It changes no state, since the server had taken the mail."""

from __future__ import annotations

from sqlalchemy import Connection, or_, update

from consumers.ledger.states import Bounced
from consumers.ledger.tables import deliveries

#: Characters of a status that are kept.
MAX_STATUS = 20


def record_bounce(connection: Connection, delivery_id: int, kind: Bounced, status: str, now: int) -> bool:
    """Write down that a delivery bounced; False when that is known already. A hard bounce overrides a soft one."""
    unknown = deliveries.c.bounced.is_(None)
    weaker = unknown if kind is Bounced.SOFT else or_(unknown, deliveries.c.bounced == Bounced.SOFT)
    return bool(
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == delivery_id, weaker)
            .values(bounced=kind, bounced_status=status[:MAX_STATUS] or None, bounced_at=now)
        ).rowcount
    )
