"""Who gets no mail, and why: suppressed addresses, mutes and stops, as they are listed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, or_, select

from consumers.ledger.acting_tables import mutes, suppressions
from consumers.views.shown_times import shown_time
from profiles.addresses import Address


def list_suppressions(connection: Connection, now: int) -> list[dict[str, Any]]:
    """Return the suppressions that stand at `now` (milliseconds UTC), newest first."""
    rows = connection.execute(
        select(suppressions)
        .where(or_(suppressions.c.until.is_(None), suppressions.c.until > now))
        .order_by(suppressions.c.created_at.desc(), suppressions.c.recipient_key)
    )
    return [
        {
            "recipient": row.recipient,
            "reason": row.reason,
            "since": shown_time(row.created_at),
            "until": shown_time(row.until),
            "note": row.note,
        }
        for row in rows
    ]


def list_mutes(connection: Connection, now: int, recipient: Address | None = None) -> list[dict[str, Any]]:
    """Return the mutes and stops that stand at `now` (milliseconds UTC), newest first."""
    query = select(mutes).where(or_(mutes.c.until.is_(None), mutes.c.until > now)).order_by(mutes.c.id.desc())
    if recipient is not None:
        query = query.where(mutes.c.recipient_key == recipient.key)
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "recipient": row.recipient,
            "about": row.about,
            "asked_by": row.asked_by,
            "delivery_id": row.delivery_id,
            "since": shown_time(row.created_at),
            "until": shown_time(row.until),
        }
        for row in connection.execute(query)
    ]
