"""The verbs keep and read, as the ledger knows them: a mail is written down raw, and later what it was read as.

Keeping moves the mailbox's cursor in the same commit, so that a mail is behind the cursor exactly when it is kept.
Nothing here understands a mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from consumers.ledger.lease import lease_ended, read_lease_clock
from consumers.ledger.mailboxes import Claim, advance
from consumers.ledger.reply_tables import mailboxes, replies
from consumers.ledger.states import MAX_STARTS

#: Seconds a mail belongs to the one who reads it; far above what reading takes.
READING_LEASE_SECONDS = 60.0
#: Mails read at a time, and the octets from which fewer are: what a reader holds in memory.
MOST_READ = 200
MOST_READ_OCTETS = 64 * 1024 * 1024
#: Milliseconds a kept mail is left to the pass that kept it before the sweep asks for it again.
READING_GRACE = 5_000

INSERT = insert(replies).returning(replies.c.id, sort_by_parameter_order=True)
SETTLE = update(replies).where(replies.c.id == bindparam("row"), replies.c.read_at.is_(None))


@dataclass(frozen=True, slots=True)
class Inbound:
    """A mail as it came from its server. `raw` is None when it could not be fetched, its headers when it is too large.

    `internal_at` is in milliseconds since 1970 UTC, `size` the octets on the server.
    """

    uid: int
    size: int
    internal_at: int | None
    raw: bytes | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping a batch came to: the rows that are new, and how many mails were there already."""

    ids: tuple[int, ...]
    recognised: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A kept mail that is to be read."""

    id: int
    profile_id: int
    size: int
    raw: bytes


def keep(
    connection: Connection, claimed: Claim, profile: str, mails: Sequence[Inbound], through: int, now: int
) -> Kept:
    """Write mails down and move the cursor to `through`.

    What this folder's numbering or, at first contact, this profile's content shows to be kept already is recognised
    and not kept twice. A mail that could not be fetched is `unreadable` at once.

    Raises:
        MailboxLost: when the pass no longer owns the mailbox; nothing may be committed then.
    """
    # First, because it is what makes a second pass wait or end.
    progress, mailbox = claimed.progress, claimed.mailbox
    advance(connection, claimed, cursor=through)
    here = (
        replies.c.profile_id == mailbox.profile_id,
        replies.c.folder == mailbox.folder,
        replies.c.place == progress.place,
        replies.c.uidvalidity == progress.uidvalidity,
    )
    numbered = select(replies.c.uid).where(*here, replies.c.uid.in_([mail.uid for mail in mails]))
    known = set(connection.execute(numbered).scalars())
    old = [mail.sha256 for mail in mails if mail.uid < progress.floor_uid]
    by_content = select(replies.c.sha256).where(replies.c.profile_id == mailbox.profile_id, replies.c.sha256.in_(old))
    contents = set(connection.execute(by_content).scalars()) if old else set()
    new = [
        mail
        for mail in mails
        if mail.uid not in known and not (mail.sha256 in contents and mail.uid < progress.floor_uid)
    ]
    if not new:
        return Kept((), len(mails))
    rows = [
        {
            "profile_id": mailbox.profile_id,
            "profile": profile,
            "folder": mailbox.folder,
            "place": progress.place,
            "uidvalidity": progress.uidvalidity,
            "uid": mail.uid,
            "sha256": mail.sha256,
            "size": mail.size,
            "internal_at": mail.internal_at,
            "kept_at": now,
            "raw": mail.raw,
            "read_at": now if mail.raw is None else None,
            "outcome": "unreadable" if mail.raw is None else None,
            "reason": "cannot_be_fetched" if mail.raw is None else None,
            "starts": 0,
        }
        for mail in new
    ]
    ids = tuple(connection.execute(INSERT, rows).scalars())
    connection.execute(update(mailboxes).where(mailboxes.c.id == mailbox.id).values(kept=mailboxes.c.kept + len(ids)))
    return Kept(ids, len(mails) - len(new))


def find_unread(connection: Connection, now: int, limit: int) -> list[int]:
    """Return mails that were kept a while ago and that nobody reads."""
    moment = read_lease_clock(connection)
    return list(
        connection.execute(
            select(replies.c.id)
            .where(replies.c.read_at.is_(None), replies.c.kept_at <= now - READING_GRACE, lease_ended(replies, moment))
            .order_by(replies.c.id)
            .limit(limit)
        ).scalars()
    )


def start_reading(connection: Connection, ids: Sequence[int], now: int) -> list[Unread]:
    """Take unread mails, as many as may be in memory, and count the start before anything is parsed.

    A mail that was started three times without an end is taken for the reason: `unreadable`, `crashed_worker`.
    """
    moment = read_lease_clock(connection)
    free = (replies.c.read_at.is_(None), lease_ended(replies, moment))
    sizes = connection.execute(
        select(replies.c.id, replies.c.size, replies.c.starts)
        .where(replies.c.id.in_(ids), *free)
        .order_by(replies.c.id)
        .limit(MOST_READ)
        .with_for_update(skip_locked=True)
    ).all()
    crashed = [row.id for row in sizes if row.starts >= MAX_STARTS]
    if crashed:
        connection.execute(
            update(replies)
            .where(replies.c.id.in_(crashed))
            .values(read_at=now, outcome="unreadable", reason="crashed_worker", lease_until=None)
        )
    chosen: list[int] = []
    octets = 0
    for row in sizes:
        # A mail that was started before is read alone: its neighbours must not pay for it.
        if row.starts >= MAX_STARTS or (chosen and (row.starts or octets + row.size > MOST_READ_OCTETS)):
            continue
        chosen.append(row.id)
        octets += row.size
        if row.starts:
            break
    if not chosen:
        return []
    connection.execute(
        update(replies)
        .where(replies.c.id.in_(chosen))
        .values(
            starts=replies.c.starts + 1,
            lease_epoch=moment.epoch,
            lease_until=moment.after(READING_LEASE_SECONDS),
        )
    )
    found = connection.execute(
        select(replies.c.id, replies.c.profile_id, replies.c.size, replies.c.raw).where(replies.c.id.in_(chosen))
    )
    return [Unread(*row) for row in found]


def settle_reading(connection: Connection, readings: Sequence[Mapping[str, Any]]) -> None:
    """Write what mails were read as: columns of the table, and `row`, the id. What was read already stays as it is."""
    if readings:
        rows = [{name: _storable(value) for name, value in reading.items()} for reading in readings]
        connection.execute(SETTLE, [{"lease_until": None, **row} for row in rows])


def _storable(value: Any) -> Any:
    """Return text that every database takes: PostgreSQL refuses NUL, and both lone surrogates."""
    if not isinstance(value, str):
        return value
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
