"""The verbs keep and read, as the ledger knows them: a mail is written down raw, and later what it was read as.

Keeping moves the mailbox's cursor in the same commit, so that a mail is behind the cursor exactly when it is kept, and
takes what is new for the one who keeps it to read: the start is counted in this commit too. What he does not come to
read is taken up by `start_reading` when his lease has ended. Nothing here understands a mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, null, select, update

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

INSERT = insert(replies)
_NUMBERED = (
    replies.c.profile_id == bindparam("profile_id"),
    replies.c.folder == bindparam("folder"),
    replies.c.place == bindparam("place"),
    replies.c.uidvalidity == bindparam("uidvalidity"),
    replies.c.uid.in_(bindparam("uids", expanding=True)),
)
NUMBERED = select(replies.c.uid).where(*_NUMBERED)
NUMBERED_ROWS = select(replies.c.uid, replies.c.id).where(*_NUMBERED)
SAME_CONTENT = select(replies.c.sha256).where(
    replies.c.profile_id == bindparam("profile_id"), replies.c.sha256.in_(bindparam("hashes", expanding=True))
)
COUNT_KEPT = (
    update(mailboxes).where(mailboxes.c.id == bindparam("mailbox")).values(kept=mailboxes.c.kept + bindparam("more"))
)
SETTLE = update(replies).where(replies.c.id == bindparam("row"), replies.c.read_at.is_(None)).values(lease_until=null())


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
class Unread:
    """A kept mail that is to be read, its start counted and its lease given."""

    id: int
    profile_id: int
    size: int
    sha256: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping a batch came to: how many mails are new, those of them that are to be read, and how many were
    there already."""

    count: int
    unread: tuple[Unread, ...]
    recognised: int


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
    moment = advance(connection, claimed, cursor=through)
    progress, mailbox = claimed.progress, claimed.mailbox
    place = {"place": progress.place, "uidvalidity": progress.uidvalidity, "folder": mailbox.folder}
    here = {"profile_id": mailbox.profile_id, **place, "uids": [mail.uid for mail in mails]}
    known = set(connection.execute(NUMBERED, here).scalars())
    old = [mail.sha256 for mail in mails if mail.uid < progress.floor_uid]
    by_content = {"profile_id": mailbox.profile_id, "hashes": old}
    recognised = set(connection.execute(SAME_CONTENT, by_content).scalars()) if old else set()
    new = [
        mail
        for mail in mails
        if mail.uid not in known and not (mail.sha256 in recognised and mail.uid < progress.floor_uid)
    ]
    if not new:
        return Kept(0, (), len(mails))
    lease = {"lease_epoch": moment.epoch, "lease_until": moment.after(READING_LEASE_SECONDS)}
    every = {"profile_id": mailbox.profile_id, "profile": profile, **place, "kept_at": now}
    connection.execute(INSERT, [{**every, **_new_row(mail, now, lease)} for mail in new])
    connection.execute(COUNT_KEPT, {"mailbox": mailbox.id, "more": len(new)})
    here["uids"] = [mail.uid for mail in new]
    ids = {row.uid: row.id for row in connection.execute(NUMBERED_ROWS, here)}
    unread = tuple(
        Unread(ids[mail.uid], mailbox.profile_id, mail.size, mail.sha256, mail.raw)
        for mail in new
        if mail.raw is not None
    )
    return Kept(len(new), unread, len(mails) - len(new))


def _new_row(mail: Inbound, now: int, lease: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a mail's own; what could not be fetched is read at once, as unreadable."""
    unfetched = mail.raw is None
    return {
        "uid": mail.uid,
        "sha256": mail.sha256,
        "size": mail.size,
        "internal_at": mail.internal_at,
        "raw": mail.raw,
        "read_at": now if unfetched else None,
        "outcome": "unreadable" if unfetched else None,
        "reason": "cannot_be_fetched" if unfetched else None,
        "starts": 0 if unfetched else 1,
        "lease_epoch": None if unfetched else lease["lease_epoch"],
        "lease_until": None if unfetched else lease["lease_until"],
    }


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
        select(replies.c.id, replies.c.profile_id, replies.c.size, replies.c.sha256, replies.c.raw).where(
            replies.c.id.in_(chosen)
        )
    )
    return [Unread(*row) for row in found]


def settle_reading(connection: Connection, readings: Sequence[Mapping[str, Any]]) -> None:
    """Write what mails were read as: columns of the table, and `row`, the id. What was read already stays as it is."""
    if readings:
        rows = [{name: _storable(value) for name, value in reading.items()} for reading in readings]
        connection.execute(SETTLE, rows)


def _storable(value: Any) -> Any:
    """Return text that every database takes: PostgreSQL refuses NUL, and both lone surrogates."""
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")
