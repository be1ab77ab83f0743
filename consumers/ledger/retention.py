"""Retention of inbound mail: replies are personal data, and are kept no longer than their profile says.

The octets of a mail go, or everything that was understood of it as well. The row stays, so that a mail that is met
again is recognised. A mail that was not read yet is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, null, or_, select, update

from consumers.ledger.reply_tables import replies
from consumers.ledger.waiting import profiles

MILLISECONDS_PER_DAY = 86_400_000
#: What is personal in a row beside the octets.
PERSONAL = ("sender", "subject", "text", "command", "facts")


@dataclass(frozen=True, slots=True)
class Forgettable:
    """Mails that are to lose their octets: kept before a moment (milliseconds UTC), of one profile or sender if named.

    With `everything` they lose what was understood of them too.
    """

    before: int
    profile_id: int | None = None
    sender: str | None = None
    everything: bool = False

    def condition(self) -> ColumnElement[bool]:
        """Make the condition of the rows that have something to lose."""
        columns = [replies.c.raw, *((replies.c[name] for name in PERSONAL) if self.everything else ())]
        chosen = or_(*(column.is_not(None) for column in columns)) & replies.c.read_at.is_not(None)
        chosen &= replies.c.kept_at < self.before
        if self.profile_id is not None:
            chosen &= replies.c.profile_id == self.profile_id
        if self.sender is not None:
            chosen &= func.lower(replies.c.sender) == self.sender.lower()
        return chosen


def count_forgettable(connection: Connection, wanted: Forgettable) -> int:
    """Count the mails that `forget` would change."""
    return int(connection.execute(select(func.count()).where(wanted.condition())).scalar_one())


def forget(connection: Connection, wanted: Forgettable, limit: int) -> int:
    """Remove octets, and the rest where asked for, of up to `limit` mails; return how many."""
    chosen = select(replies.c.id).where(wanted.condition()).limit(limit)
    ids = list(connection.execute(chosen).scalars())
    gone: dict[str, Any] = {"raw": None, **(dict.fromkeys(PERSONAL, null()) if wanted.everything else {})}
    if ids:
        connection.execute(update(replies).where(replies.c.id.in_(ids)).values(gone))
    return len(ids)


def forget_old(connection: Connection, now: int, limit: int) -> int:
    """Remove octets that their profile's `retention_days` is over for; return of how many mails."""
    limited = select(profiles.c.id, profiles.c.retention_days).where(profiles.c.retention_days.is_not(None))
    total = 0
    for profile_id, days in connection.execute(limited).all():
        if total < limit:
            total += forget(connection, Forgettable(now - days * MILLISECONDS_PER_DAY, profile_id), limit - total)
    return total
