"""Replies as they are listed and shown, and what came back to deliveries: answers, bounces and commands in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from consumers.ledger.acting_tables import issued_commands
from consumers.ledger.reply_tables import replies
from consumers.views.automatic import find_answers
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
    facts = dict(row.facts or {})
    if wish := facts.get("answer"):
        given = find_answers(connection, [wish["event"]] if wish["event"] else []).get(wish["event"])
        facts["answer"] = {
            **wish,
            "delivery": given.delivery if given else None,
            "state": given.state if given else None,
        }
    return {
        **_as_json(row),
        "message_id": f"<{row.message_id}>" if row.message_id else None,
        "octets_kept": bool(row.kept),
        "text": row.text,
        **facts,
    }


def answers_to(connection: Connection, delivery_ids: list[int]) -> list[dict[str, Any]]:
    """Return what came back to deliveries, in order: answers, commands that took effect, and what runmail answered."""
    found: list[tuple[int, dict[str, Any]]] = []
    wishes: dict[str, Any] = {}
    for row in connection.execute(select(*_COLUMNS, replies.c.facts).where(replies.c.delivery_id.in_(delivery_ids))):
        wish = (row.facts or {}).get("answer")
        if wish and wish["event"]:
            wishes[wish["event"]] = (row, wish)
        told = {
            "what": row.outcome,
            "reply": row.id,
            "delivery": row.delivery_id,
            "by": row.sender,
            "command": row.command,
            "reason": row.reason,
            "sent_as": None,
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
            "sent_as": None,
        }
        found.append((row.created_at, told))
    for event_id, given in find_answers(connection, wishes).items():
        row, wish = wishes[event_id]
        told = {
            "what": "answered",
            "reply": row.id,
            "delivery": row.delivery_id,
            "by": "runmail",
            "command": None,
            "reason": wish["reason"] or wish["kind"],
            "sent_as": given.delivery,
        }
        found.append((given.at, told))
    found.sort(key=lambda pair: pair[0])
    return [{"at": shown_time(at), **told} for at, told in found]


def _as_json(row: Any) -> dict[str, Any]:
    return {
        **{key: getattr(row, key) for key in KEYS},
        "kept_at": shown_time(row.kept_at),
        "read_at": shown_time(row.read_at),
    }
