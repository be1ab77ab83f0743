"""Replies as people look them up: by outcome and profile, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from consumers.ledger.reply_tables import replies
from consumers.views.paging import Found, Place, by_id, find_page

#: What is shown of a mail that nobody has read yet.
UNREAD = "unread"

_COLUMNS = (
    replies.c.id,
    replies.c.profile,
    replies.c.outcome,
    replies.c.reason,
    replies.c.sender,
    replies.c.subject,
    replies.c.command,
    replies.c.delivery_id,
    replies.c.kept_at,
)


@dataclass(frozen=True, slots=True)
class ReplySearch:
    """Which replies are wanted; None means any. The outcome UNREAD is that of mails not yet read."""

    outcome: str | None = None
    profile: str | None = None


def find_replies(connection: Connection, wanted: ReplySearch, place: Place) -> Found:
    """Return the ids of a page of replies, newest first."""
    by_profile = () if wanted.profile is None else (replies.c.profile == wanted.profile,)
    if wanted.outcome == UNREAD:
        return find_page(connection, by_id(replies, [replies.c.read_at.is_(None)], by_profile), place)
    by_outcome = () if wanted.outcome is None else (replies.c.outcome == wanted.outcome,)
    return find_page(connection, by_id(replies, [], (*by_outcome, *by_profile)), place)


def read_replies(connection: Connection, ids: tuple[int, ...]) -> list[Any]:
    """Return what is listed of replies, in the order of the ids."""
    found = {row.id: row for row in connection.execute(select(*_COLUMNS).where(replies.c.id.in_(ids)))}
    return [found[each] for each in ids if each in found]
