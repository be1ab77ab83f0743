"""What becomes of kept mails when they are understood: taken for the last step, and compared with those before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, bindparam, func, select, update

from consumers.ledger.reply_tables import replies
from consumers.ledger.tables import events

#: Bodies of events in memory at once; one may have 1 MB.
BODIES = 20

UNREAD = (
    select(replies.c.id)
    .where(replies.c.id.in_(bindparam("ids", expanding=True)), replies.c.read_at.is_(None))
    .with_for_update()
)
FIRST = (
    select(replies.c.profile_id, replies.c.message_id, func.min(replies.c.id).label("first"))
    .where(
        replies.c.profile_id.in_(bindparam("profiles", expanding=True)),
        replies.c.message_id.in_(bindparam("message_ids", expanding=True)),
        replies.c.read_at.is_not(None),
    )
    .group_by(replies.c.profile_id, replies.c.message_id)
)
BODY = select(events.c.id, events.c.body).where(events.c.id.in_(bindparam("rows", expanding=True)))


def lock_unread(connection: Connection, ids: Sequence[int]) -> frozenset[int]:
    """Lock mails until the transaction ends; return those nobody has read, which alone may have effects in it."""
    return frozenset(connection.execute(UNREAD, {"ids": list(ids)}).scalars())


def find_first(connection: Connection, message_ids: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return the first mail that was read with a Message-ID, by profile and Message-ID."""
    if not message_ids:
        return {}
    wanted = {
        "profiles": sorted({profile_id for profile_id, _ in message_ids}),
        "message_ids": sorted({message_id for _, message_id in message_ids}),
    }
    rows = connection.execute(FIRST, wanted)
    return {(row.profile_id, row.message_id): row.first for row in rows}


def event_bodies(connection: Connection, rows: Collection[int]) -> Iterable[tuple[int, bytes]]:
    """Yield the bodies of events by row, few of them in memory at a time."""
    ordered = sorted(rows)
    for start in range(0, len(ordered), BODIES):
        step = ordered[start : start + BODIES]
        for row in connection.execute(BODY, {"rows": step}):
            yield row.id, row.body


def read_again(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Have mails understood again whose octets are still kept; return which."""
    return list(
        connection.execute(
            update(replies)
            .where(replies.c.id.in_(ids), replies.c.raw.is_not(None))
            .values(read_at=None, starts=0, lease_until=None)
            .returning(replies.c.id)
        ).scalars()
    )
