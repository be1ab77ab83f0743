"""What the clock does for mailboxes: ring for those that are due and for mail that nobody reads, keep IDLE watchers.

It reads no mail. Rings may be lost: the mailbox is due again after its poll.
"""

from __future__ import annotations

import time

import structlog
from sqlalchemy import Engine

from consumers.ledger.answer_limits import forget_turns
from consumers.ledger.mailboxes import Mailbox, add_mailboxes, due_mailboxes, postpone, wanted_mailboxes
from consumers.ledger.replies import find_unread
from consumers.ledger.retention import forget_old
from worker.composition import Bells
from worker.ground import Ground, now_milliseconds
from worker.watchers import Watchers

log = structlog.get_logger(__name__)

#: Mails of one bell for reading, and bells of one tick.
REPLIES_PER_BELL = 100
MOST_UNREAD = 1_000
#: Seconds between two looks for mail that nobody reads: without workers its bells must not pile up.
UNREAD_SECONDS = 10.0
#: Seconds between two looks at which mailboxes are to be watched.
TEND_SECONDS = 5.0
#: Seconds between two looks for octets whose retention is over.
RETENTION_SECONDS = 600.0
#: Mails that lose their octets in one tick: a short transaction.
MOST_FORGOTTEN = 200


class MailboxClock:
    """Ticks with the clock that has the lease."""

    def __init__(self, ground: Ground, bells: Bells) -> None:
        self._engine: Engine = ground.engine
        self._bells = bells
        self._poll_milliseconds = round(1000 * ground.settings.poll_seconds)
        self._watchers = Watchers(ground, lambda mailbox_id: bells.collect.send(mailbox_id))
        self._looked_at = float("-inf")
        self._tended_at = float("-inf")
        self._forgot_at = float("-inf")

    def tick(self) -> None:
        """Ring for what is due."""
        now = now_milliseconds()
        with self._engine.execution_options(reading=True).connect() as connection:
            due, new = due_mailboxes(connection, now)
        if new or due:
            due = self._take(due, new, now)
        for mailbox in due:
            self._bells.collect.send(mailbox.id)
        self._ring_for_unread(now)
        self._tend()
        self._forget(now)

    def rest(self) -> None:
        """Watch nothing: another clock has the lease."""
        self._watchers.tend(())
        self._tended_at = float("-inf")

    def _take(self, due: list[Mailbox], new: list[Mailbox], now: int) -> list[Mailbox]:
        """Note what is new and have nothing rung for again before its next poll; return what is to be rung for."""
        with self._engine.begin() as connection:
            if new:
                add_mailboxes(connection, new, now)
                due = due_mailboxes(connection, now)[0]
            postpone(connection, [mailbox.id for mailbox in due], now + self._poll_milliseconds)
        return due

    def _ring_for_unread(self, now: int) -> None:
        """Ring for kept mail whose reader was lost."""
        if time.monotonic() - self._looked_at < UNREAD_SECONDS:
            return
        self._looked_at = time.monotonic()
        with self._engine.execution_options(reading=True).connect() as connection:
            unread = find_unread(connection, now, MOST_UNREAD)
        for begin in range(0, len(unread), REPLIES_PER_BELL):
            self._bells.read.send(unread[begin : begin + REPLIES_PER_BELL])

    def _tend(self) -> None:
        if time.monotonic() - self._tended_at < TEND_SECONDS:
            return
        self._tended_at = time.monotonic()
        with self._engine.execution_options(reading=True).connect() as connection:
            wanted = [mailbox for mailbox, row in wanted_mailboxes(connection) if row is not None]
        self._watchers.tend(wanted)

    def _forget(self, now: int) -> None:
        """Remove octets whose retention is over, a few at each tick until there are none."""
        if time.monotonic() - self._forgot_at < RETENTION_SECONDS:
            return
        with self._engine.begin() as connection:
            forgotten = forget_old(connection, now, MOST_FORGOTTEN)
            forget_turns(connection, now)
        if forgotten:
            log.info("mail_octets_removed", mails=forgotten)
        else:
            self._forgot_at = time.monotonic()
