"""Mailboxes as people see them: each folder that a profile wants read, and how its reading goes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from consumers.ledger.mailboxes import wanted_mailboxes
from consumers.ledger.waiting import profiles
from consumers.views.shown_times import shown_time


def list_mailboxes(connection: Connection) -> list[dict[str, Any]]:
    """Return every wanted folder, by profile and folder; `state` is new, reading (by a pass), failing or fine."""
    names = {row.id: row.name for row in connection.execute(select(profiles.c.id, profiles.c.name))}
    shown = []
    for mailbox, row in wanted_mailboxes(connection):
        if row is None or row.tried_at is None:
            state = "new"
        elif row.owner is not None:
            state = "reading"
        else:
            state = "failing" if row.failures else "fine"
        shown.append(
            {
                "id": mailbox.id or None,
                "profile": names[mailbox.profile_id],
                "folder": mailbox.folder,
                "state": state,
                "kept": row.kept if row else 0,
                "complete_at": shown_time(row.complete_at) if row else None,
                "tried_at": shown_time(row.tried_at) if row else None,
                "due_at": shown_time(row.due_at) if row else None,
                "failures": row.failures if row else 0,
                "reason": row.reason if row else None,
                "answer": row.answer if row else None,
            }
        )
    return sorted(shown, key=lambda each: (each["profile"], each["folder"]))
