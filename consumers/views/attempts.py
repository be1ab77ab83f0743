"""Attempts as they are shown: every try at deliveries, in order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from consumers.ledger.tables import attempts, deliveries
from consumers.views.shown_times import shown_time

#: Attempts of one event that are told.
MOST_TOLD = 1_000


def attempts_at(connection: Connection, delivery_id: int) -> list[dict[str, Any]]:
    """Return the attempts at one delivery in their order."""
    tries = connection.execute(select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.fence))
    return [_as_json(each) for each in tries]


def attempts_for(connection: Connection, event_row: int) -> list[dict[str, Any]]:
    """Return the first attempts at all deliveries of an event, by their begin, each with its delivery and recipient."""
    tries = connection.execute(
        select(attempts, deliveries.c.recipient)
        .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
        .where(deliveries.c.event_row == event_row)
        .order_by(attempts.c.started_at, attempts.c.delivery_id, attempts.c.fence)
        .limit(MOST_TOLD)
    )
    return [{"delivery": each.delivery_id, "recipient": each.recipient, **_as_json(each)} for each in tries]


def _as_json(row: Any) -> dict[str, Any]:
    return {
        "outcome": row.outcome,
        "reason": row.reason,
        "code": row.code,
        "status": row.status,
        "answer": row.answer,
        "profile_id": row.profile_id,
        "started_at": shown_time(row.started_at),
        "ended_at": shown_time(row.ended_at),
    }
