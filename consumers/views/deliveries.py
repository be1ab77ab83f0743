"""Deliveries as they are listed and shown: one row each, and one delivery's story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from consumers.ledger.tables import attempts, deliveries, events
from consumers.views.automatic import what_it_answers
from consumers.views.replies import answers_to
from consumers.views.shown_times import shown_time
from consumers.views.story import story

#: Keys of a delivery as JSON, in order; programs rely on them.
KEYS = (
    "id",
    "event_source",
    "event_id",
    "event_type",
    "profile",
    "recipient",
    "state",
    "reason",
    "attempts",
    "maybe_twice",
    "message_id",
    "last_answer",
    "bounced",
    "updated_at",
)


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries are wanted; None means any."""

    state: str | None = None
    event: str | None = None
    profile: str | None = None
    limit: int = 50


_COLUMNS = (
    deliveries.c.id,
    events.c.source.label("event_source"),
    events.c.event_id,
    events.c.type.label("event_type"),
    deliveries.c.profile,
    deliveries.c.recipient,
    deliveries.c.state,
    deliveries.c.reason,
    deliveries.c.attempts,
    deliveries.c.maybe_twice,
    deliveries.c.message_id,
    deliveries.c.last_answer,
    deliveries.c.bounced,
    deliveries.c.updated_at,
)


def list_deliveries(connection: Connection, wanted: DeliveryFilter) -> list[dict[str, Any]]:
    """Return deliveries, newest first."""
    query = select(*_COLUMNS).join(events, events.c.id == deliveries.c.event_row)
    if wanted.state is not None:
        query = query.where(deliveries.c.state == wanted.state)
    if wanted.profile is not None:
        query = query.where(deliveries.c.profile == wanted.profile)
    if wanted.event is not None:
        query = query.where(events.c.event_id == wanted.event)
    rows = connection.execute(query.order_by(deliveries.c.id.desc()).limit(wanted.limit))
    return [_as_json(row) for row in rows]


def show_delivery(connection: Connection, delivery_id: int) -> dict[str, Any] | None:
    """Return one delivery with its attempts, what came back, and its whole story; None when there is none."""
    row = connection.execute(
        select(
            *_COLUMNS,
            deliveries.c.due_at,
            deliveries.c.created_at,
            deliveries.c.sent_at,
            deliveries.c.event_row,
            deliveries.c.bounced_status,
            deliveries.c.bounced_at,
            events.c.published_at,
        )
        .join(events, events.c.id == deliveries.c.event_row)
        .where(deliveries.c.id == delivery_id)
    ).first()
    if row is None:
        return None
    tries = connection.execute(select(attempts).where(attempts.c.delivery_id == delivery_id).order_by(attempts.c.fence))
    return {
        **_as_json(row),
        "event_row": row.event_row,
        "published_at": shown_time(row.published_at),
        "created_at": shown_time(row.created_at),
        "due_at": shown_time(row.due_at),
        "sent_at": shown_time(row.sent_at),
        "bounced_status": row.bounced_status,
        "bounced_at": shown_time(row.bounced_at),
        **what_it_answers(connection, row.event_row),
        "history": [
            {
                "outcome": each.outcome,
                "reason": each.reason,
                "code": each.code,
                "status": each.status,
                "answer": each.answer,
                "profile_id": each.profile_id,
                "started_at": shown_time(each.started_at),
                "ended_at": shown_time(each.ended_at),
            }
            for each in tries
        ],
        "answers": answers_to(connection, [delivery_id]),
        "story": [step.to_json() for step in story(connection, row.event_row, [delivery_id])],
    }


def _as_json(row: Any) -> dict[str, Any]:
    values = {key: getattr(row, key) for key in KEYS}
    return {
        **values,
        "maybe_twice": bool(row.maybe_twice),
        "message_id": f"<{row.message_id}>" if row.message_id else None,
        "updated_at": shown_time(row.updated_at),
    }
