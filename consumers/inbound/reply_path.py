"""The path of a reply, from a kept mail to its outcome: take kept mails, read them, write down what they are.

The start is counted before anything is parsed, so that a mail that kills its reader is given up at its third start.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine

from consumers.inbound.reading.outcome import Reading
from consumers.inbound.reading.read_mail import Surroundings, read_mail
from consumers.ledger.replies import Unread, settle_reading, start_reading
from profiles.profile import Profile


class ReplyPath:
    """Reads kept mails."""

    def __init__(self, engine: Engine, find_profile: Callable[[int], Profile | None], now: Callable[[], int]) -> None:
        self._engine = engine
        self._find_profile = find_profile
        self._now = now

    def read_replies(self, ids: Sequence[int]) -> int:
        """Read kept mails and write down their outcomes; return how many. What another reads already is left to it."""
        total = 0
        while True:
            with self._engine.begin() as connection:
                unread = start_reading(connection, ids, self._now())
            if not unread:
                return total
            surroundings = {each: self._surroundings(each) for each in {mail.profile_id for mail in unread}}
            readings = [self._row(mail, surroundings[mail.profile_id]) for mail in unread]
            with self._engine.begin() as connection:
                settle_reading(connection, readings)
            total += len(unread)

    def _surroundings(self, profile_id: int) -> Surroundings:
        profile = self._find_profile(profile_id)
        return Surroundings(authserv_id=profile.authserv_id if profile else None)

    def _row(self, mail: Unread, surroundings: Surroundings) -> dict[str, Any]:
        reading = read_mail(mail.raw, surroundings, size=mail.size)
        return {"row": mail.id, "read_at": self._now(), **_columns(reading)}


def _columns(reading: Reading) -> dict[str, Any]:
    """Return what a reading is in the columns of the table."""
    return {
        "outcome": reading.outcome.value,
        "reason": reading.why,
        "sender": reading.sender.address.wire if reading.sender.address else None,
        "subject": reading.subject or None,
        "message_id": reading.message_id or None,
        "text": reading.text or None,
        "command": str(reading.command) if reading.command else None,
        "facts": {
            "bounces": [bounce.to_json() for bounce in reading.bounces],
            "auto_reply_until": reading.auto_reply_until.isoformat() if reading.auto_reply_until else None,
        },
    }
