"""The verb collect, as the ledger knows it: whose turn a folder is, how far it was read, how its last pass went.

A pass owns its mailbox by a lease, and writes only while it still does. Nothing here knows IMAP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, and_, case, insert, select, update

from consumers.ledger.lease import Moment, lease_ended, read_lease_clock
from consumers.ledger.reply_tables import mailboxes
from consumers.ledger.waiting import profiles

#: Seconds a mailbox belongs to a pass beyond its last write: above what one batch of mails may take.
LEASE_SECONDS = 150.0
#: Milliseconds until a mailbox whose passes fail is tried again: a poll's, doubled by each failure up to here.
MOST_BACKOFF = 900_000
#: The same for a refused login: providers lock an account that is tried with a wrong password again and again.
MOST_LOGIN_BACKOFF = 3_600_000


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A folder that is to be read."""

    id: int
    profile_id: int
    folder: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a mailbox was read; the columns of the table explain each."""

    place: str
    uidvalidity: int | None
    cursor: int
    floor_uid: int
    since_at: int
    complete_at: int | None
    stuck_uid: int | None
    stuck_tries: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A mailbox taken for one pass, and how far it was read before."""

    mailbox: Mailbox
    owner: str
    progress: Progress


class MailboxLost(Exception):
    """Raised when a pass writes after its lease has ended and another has taken the mailbox."""


def due_mailboxes(connection: Connection, now: int) -> tuple[list[Mailbox], list[Mailbox]]:
    """Return the mailboxes that are due, and those that are not known yet, whose id is 0. Reads only."""
    found = wanted_mailboxes(connection)
    new = [mailbox for mailbox, row in found if row is None]
    return [mailbox for mailbox, row in found if row is not None and row.due_at <= now], new


def wanted_mailboxes(connection: Connection) -> list[tuple[Mailbox, Row[Any] | None]]:
    """Return every folder that an enabled profile wants read, with its row where there is one; by profile's id."""
    rows = {(row.profile_id, row.folder): row for row in connection.execute(select(mailboxes))}
    wanted = connection.execute(
        select(profiles.c.id, profiles.c.imap_folders)
        .where(profiles.c.imap_host.is_not(None), profiles.c.enabled.is_(True))
        .order_by(profiles.c.id)
    )
    found = []
    for profile_id, folders in wanted:
        for folder in dict.fromkeys(folders):
            row = rows.get((profile_id, folder))
            found.append((Mailbox(row.id if row else 0, profile_id, folder), row))
    return found


def add_mailboxes(connection: Connection, new: Sequence[Mailbox], now: int) -> None:
    """Note folders that were not known, due at once; mail older than their profile is not asked for."""
    for mailbox in new:
        created = select(profiles.c.created_at).where(profiles.c.id == mailbox.profile_id).scalar_subquery()
        same = and_(mailboxes.c.profile_id == mailbox.profile_id, mailboxes.c.folder == mailbox.folder)
        if connection.execute(select(mailboxes.c.id).where(same)).first() is None:
            connection.execute(
                insert(mailboxes).values(
                    profile_id=mailbox.profile_id,
                    folder=mailbox.folder,
                    place="",
                    cursor=0,
                    floor_uid=0,
                    since_at=created,
                    due_at=now,
                    rung=False,
                    failures=0,
                    stuck_tries=0,
                    kept=0,
                )
            )


def postpone(connection: Connection, mailbox_ids: Sequence[int], until: int) -> None:
    """Let mailboxes that were rung for not be rung for again before `until`, should no pass say otherwise."""
    connection.execute(update(mailboxes).where(mailboxes.c.id.in_(mailbox_ids)).values(due_at=until))


def claim(connection: Connection, mailbox_id: int, owner: str, now: int) -> Claim | None:
    """Take a mailbox for a pass; None while another pass has it, which is then followed by one more."""
    moment = read_lease_clock(connection)
    taken = connection.execute(
        update(mailboxes)
        .where(mailboxes.c.id == mailbox_id, lease_ended(mailboxes, moment))
        .values(
            owner=owner,
            lease_epoch=moment.epoch,
            lease_until=moment.after(LEASE_SECONDS),
            rung=False,
            tried_at=now,
        )
    )
    if taken.rowcount != 1:
        connection.execute(update(mailboxes).where(mailboxes.c.id == mailbox_id).values(rung=True))
        return None
    row = connection.execute(select(mailboxes).where(mailboxes.c.id == mailbox_id)).one()
    progress = Progress(**{name: row._mapping[name] for name in Progress.__slots__})
    return Claim(Mailbox(row.id, row.profile_id, row.folder), owner, progress)


def begin_place(
    connection: Connection, claimed: Claim, *, place: str, uidvalidity: int, floor_uid: int, since_at: int
) -> Claim:
    """Begin to read another account or another numbering from its start; what stood before means nothing there.

    Raises:
        MailboxLost: when the pass no longer owns the mailbox.
    """
    fresh: dict[str, Any] = {
        "place": place,
        "uidvalidity": uidvalidity,
        "cursor": 0,
        "floor_uid": floor_uid,
        "since_at": since_at,
        "stuck_uid": None,
        "stuck_tries": 0,
    }
    advance(connection, claimed, **fresh)
    return replace(claimed, progress=replace(claimed.progress, **fresh))


def advance(connection: Connection, claimed: Claim, **values: Any) -> Moment:
    """Write how far a pass has come and renew its lease; return the moment of the lease clock.

    Raises:
        MailboxLost: when the pass no longer owns the mailbox; the caller's transaction must not be committed.
    """
    moment = read_lease_clock(connection)
    kept = connection.execute(
        update(mailboxes)
        .where(mailboxes.c.id == claimed.mailbox.id, mailboxes.c.owner == claimed.owner)
        .values(lease_epoch=moment.epoch, lease_until=moment.after(LEASE_SECONDS), **values)
    )
    if kept.rowcount != 1:
        raise MailboxLost
    return moment


def end_pass(connection: Connection, claimed: Claim, *, now: int, complete: bool, poll_seconds: float) -> None:
    """Give a mailbox back after a pass without failure; it is due at once if the folder or a ring asks for more."""
    due_at = case((mailboxes.c.rung, now), else_=now + round(1000 * poll_seconds)) if complete else now
    reached = {"complete_at": now} if complete else {}
    _give_back(
        connection,
        claimed,
        due_at=due_at,
        failures=0,
        reason=None,
        answer=None,
        stuck_uid=None,
        stuck_tries=0,
        **reached,
    )


def fail_pass(
    connection: Connection,
    claimed: Claim,
    *,
    reason: str,
    answer: str,
    login_refused: bool,
    stuck_uid: int | None,
    now: int,
    poll_seconds: float,
) -> None:
    """Give a mailbox back after a pass that failed; `stuck_uid` is the mail at which it broke off, if at one."""
    failures = mailboxes.c.failures
    row = connection.execute(
        select(failures, mailboxes.c.stuck_uid, mailboxes.c.stuck_tries).where(mailboxes.c.id == claimed.mailbox.id)
    ).one()
    most = MOST_LOGIN_BACKOFF if login_refused else MOST_BACKOFF
    wait = max(1000.0 * poll_seconds, min(1000.0 * poll_seconds * 2 ** min(row.failures, 16), most))
    if stuck_uid is None:
        stuck = {}
    else:
        stuck = {"stuck_uid": stuck_uid, "stuck_tries": row.stuck_tries + 1 if row.stuck_uid == stuck_uid else 1}
    _give_back(
        connection,
        claimed,
        due_at=now + round(wait),
        failures=row.failures + 1,
        reason=reason,
        answer=answer or None,
        **stuck,
    )


def release(connection: Connection, claimed: Claim) -> None:
    """Give a mailbox back as it was taken."""
    _give_back(connection, claimed)


def rewind(connection: Connection, mailbox_ids: Sequence[int], since_at: int) -> None:
    """Have folders read again from a moment on; what is kept already is recognised."""
    connection.execute(
        update(mailboxes)
        .where(mailboxes.c.id.in_(mailbox_ids))
        # Without a place the next pass is a first contact; without an owner a pass that is under way ends.
        .values(
            since_at=since_at,
            place="",
            uidvalidity=None,
            cursor=0,
            floor_uid=0,
            complete_at=None,
            owner=None,
            lease_until=None,
        )
    )


def _give_back(connection: Connection, claimed: Claim, **values: Any) -> None:
    connection.execute(
        update(mailboxes)
        .where(mailboxes.c.id == claimed.mailbox.id, mailboxes.c.owner == claimed.owner)
        .values(owner=None, lease_epoch=None, lease_until=None, **values)
    )
