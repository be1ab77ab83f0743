"""How the inbound side stands: when each mailbox was last read, what waits to be read, what was not handed on.

Read by whoever watches: metrics and the doctor. Nothing here grows with the history; counts end at a limit.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, literal, select

from consumers.ledger.mailboxes import wanted_mailboxes
from consumers.ledger.outgoing_tables import OutgoingState, TargetKind, outgoing_deliveries, outgoing_events
from consumers.ledger.reply_tables import replies
from consumers.ledger.waiting import profiles

#: Rows that are counted; more are told as so many.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class MailboxStand:
    """A folder that is to be read.

    `age` are the seconds since a pass last came to its end, None before the first one; `failures` the passes that have
    failed since, one after another, and `reason` why the last one did.
    """

    profile: str
    folder: str
    age: float | None
    failures: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class InboundStand:
    """Mailboxes; mails that are kept and not read, with the seconds the oldest has waited; outgoing events.

    `dead` counts what was given up by the kind of its target, `due_seconds` are those for which the delivery, or the
    event without deliveries, that is due longest has been due.
    """

    mailboxes: tuple[MailboxStand, ...]
    unread: int
    unread_seconds: float
    dead: dict[str, int]
    due_seconds: float


def read_inbound_stand(connection: Connection, now: int) -> InboundStand:
    """Read how things stand at `now` (milliseconds UTC)."""
    names = {row.id: row.name for row in connection.execute(select(profiles.c.id, profiles.c.name))}
    boxes = [
        MailboxStand(
            profile=names[mailbox.profile_id],
            folder=mailbox.folder,
            age=_seconds(row.complete_at, now) if row and row.complete_at is not None else None,
            failures=row.failures if row else 0,
            reason=row.reason if row and row.failures else None,
        )
        for mailbox, row in wanted_mailboxes(connection)
    ]
    waiting = select(literal(1)).where(replies.c.read_at.is_(None)).limit(MOST_COUNTED).subquery()
    oldest = select(func.min(replies.c.kept_at)).where(replies.c.read_at.is_(None))
    due = select(func.min(outgoing_deliveries.c.due_at)).where(
        outgoing_deliveries.c.state == OutgoingState.PENDING.value, outgoing_deliveries.c.due_at <= now
    )
    unrouted = select(func.min(outgoing_events.c.created_at)).where(outgoing_events.c.routed_at.is_(None))
    return InboundStand(
        mailboxes=tuple(boxes),
        unread=connection.execute(select(func.count()).select_from(waiting)).scalar_one(),
        unread_seconds=_seconds(connection.execute(oldest).scalar(), now),
        dead={kind.value: _dead(connection, kind) for kind in TargetKind},
        due_seconds=max(_seconds(connection.execute(each).scalar(), now) for each in (due, unrouted)),
    )


def _dead(connection: Connection, kind: TargetKind) -> int:
    some = (
        select(literal(1))
        .where(outgoing_deliveries.c.state == OutgoingState.DEAD.value, outgoing_deliveries.c.kind == kind.value)
        .limit(MOST_COUNTED)
        .subquery()
    )
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def _seconds(since: int | None, now: int) -> float:
    return max(0, now - since) / 1000 if since is not None else 0.0
