"""Replies as they are listed and shown, and what came back to deliveries: answers, bounces and commands in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from consumers.ledger.acting_tables import issued_commands
from consumers.ledger.reply_tables import replies
from consumers.views.shown_times import shown_time

#: Keys of a reply as JSON, in order; programs rely on them.
KEYS = (
    "id",
    "profile",
    "folder",
    "outcome",
    "reason",
    "sender",
    "subject",
    "command",
    "delivery_id",
    "matched_by",
    "size",
)
_COLUMNS = (*(replies.c[name] for name in KEYS), replies.c.kept_at, replies.c.read_at)


@dataclass(frozen=True, slots=True)
class ReplyFilter:
    """Which replies are wanted; None means any."""

    outcome: str | None = None
    profile: str | None = None
    delivery: int | None = None
    limit: int = 50


def list_replies(connection: Connection, wanted: ReplyFilter) -> list[dict[str, Any]]:
    """Return replies, newest first."""
    query = select(*_COLUMNS)
    if wanted.outcome is not None:
        query = query.where(replies.c.outcome == wanted.outcome)
    if wanted.profile is not None:
        query = query.where(replies.c.profile == wanted.profile)
    if wanted.delivery is not None:
        query = query.where(replies.c.delivery_id == wanted.delivery)
    return [_as_json(row) for row in connection.execute(query.order_by(replies.c.id.desc()).limit(wanted.limit))]


def show_reply(connection: Connection, reply_id: int) -> dict[str, Any] | None:
    """Return one reply with its text and all that was understood of it, or None."""
    row = connection.execute(
        select(
            *_COLUMNS, replies.c.message_id, replies.c.text, replies.c.facts, replies.c.raw.is_not(None).label("kept")
        ).where(replies.c.id == reply_id)
    ).first()
    if row is None:
        return None
    return {
        **_as_json(row),
        "message_id": f"<{row.message_id}>" if row.message_id else None,
        "octets_kept": bool(row.kept),
        "text": row.text,
        **(row.facts or {}),
    }


def answers_to(connection: Connection, delivery_ids: list[int]) -> list[dict[str, Any]]:
    """Return what came back to deliveries, in order: answers, and the commands among them that took effect."""
    found: list[tuple[int, dict[str, Any]]] = []
    for row in connection.execute(select(*_COLUMNS).where(replies.c.delivery_id.in_(delivery_ids))):
        told = {
            "what": row.outcome,
            "reply": row.id,
            "delivery": row.delivery_id,
            "by": row.sender,
            "command": row.command,
            "reason": row.reason,
        }
        found.append((row.read_at or row.kept_at, told))
    for row in connection.execute(select(issued_commands).where(issued_commands.c.delivery_id.in_(delivery_ids))):
        told = {
            "what": "took_effect",
            "reply": row.reply_id,
            "delivery": row.delivery_id,
            "by": row.issued_by,
            "command": row.command,
            "reason": None,
        }
        found.append((row.created_at, told))
    found.sort(key=lambda pair: pair[0])
    return [{"at": shown_time(at), **told} for at, told in found]


def _as_json(row: Any) -> dict[str, Any]:
    return {
        **{key: getattr(row, key) for key in KEYS},
        "kept_at": shown_time(row.kept_at),
        "read_at": shown_time(row.read_at),
    }
