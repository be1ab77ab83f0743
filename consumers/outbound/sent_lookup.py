"""Looking for uncertain mail in its sender's mailbox, before it is sent once more or left to a person.

A thread for each profile that has something to look for, so that a mailbox that hangs holds up nobody else's. It
ends when nothing is left. It knows neither the queue nor how an IMAP connection is opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass

import structlog

from consumers.ledger.looking import Looked, LookRequest, Sought, begin_looks, end_looks
from consumers.ledger.writer import LedgerAway, LedgerWriter
from profiles.errors import MailError
from profiles.profile import Profile

log = structlog.get_logger(__name__)

#: Returns those of our Message-IDs that lie in the mailbox of a profile, among what it sent; raises MailError.
FindSent = Callable[[Profile, Collection[str]], frozenset[str]]


@dataclass(frozen=True, slots=True)
class LookupParts:
    """What looking needs. `now` returns milliseconds UTC."""

    writer: LedgerWriter
    find_profile: Callable[[int], Profile | None]
    find_sent: FindSent
    owner: str
    now: Callable[[], int]


class SentLookup:
    """Looks for the uncertain mail of the profiles it is rung for."""

    def __init__(self, parts: LookupParts) -> None:
        self._parts = parts
        self._busy: set[int] = set()
        self._lock = threading.Lock()

    def ring(self, profile_id: int) -> None:
        """Have the uncertain mail of a profile looked for; returns at once."""
        with self._lock:
            if profile_id in self._busy:
                return
            self._busy.add(profile_id)
        threading.Thread(target=self._run, args=(profile_id,), name=f"lookup-{profile_id}", daemon=True).start()

    def _run(self, profile_id: int) -> None:
        try:
            while self._look(profile_id):
                pass
        except LedgerAway:
            log.warning("ledger_away_while_looking", profile_id=profile_id)
        finally:
            with self._lock:
                self._busy.discard(profile_id)

    def _look(self, profile_id: int) -> bool:
        """Look for one group; False when there was none, or the mailbox could not be read."""
        parts = self._parts
        request = LookRequest(profile_id, parts.owner, parts.now())
        sought = parts.writer.submit(begin_looks, request).result()
        profile = parts.find_profile(profile_id)
        if not sought or profile is None:
            return False
        found = self._find(profile, sought)
        futures = [
            (
                each,
                parts.writer.submit(
                    end_looks,
                    Looked(
                        each, None if found is None else each.message_id in found, profile.on_uncertain, parts.now()
                    ),
                ),
            )
            for each in sought
        ]
        for each, future in futures:
            state = future.result()
            log.info("uncertain_mail_looked_for", delivery=each.id, profile=profile.name, state=state)
        return found is not None

    def _find(self, profile: Profile, sought: tuple[Sought, ...]) -> frozenset[str] | None:
        if profile.imap is None:
            return frozenset()
        try:
            return self._parts.find_sent(profile, [each.message_id for each in sought])
        except MailError as error:
            log.warning("mailbox_not_searched", profile=profile.name, reason=error.reason)
            return None
