"""announcements: the events that runmail publishes about answers, as CloudEvents 1.0. Pure.

The id of each is made from the mail it tells of, so that a mail that is understood again announces nothing twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from consumers.contract.outgoing_events import OUTGOING_TYPES
from consumers.ledger.announcing import Announcement

#: Characters of an answer's text that its event carries.
MAX_TEXT = 16_000


@dataclass(frozen=True, slots=True)
class Occasion:
    """The mail that events tell of, and the delivery it answers.

    `seal` is the hash of the mail, `now` milliseconds UTC, `about` the event that was mailed, in short.
    """

    reply_id: int
    seal: str
    profile_id: int
    profile: str
    recipient: str
    delivery_id: int
    about: dict[str, Any] | None
    now: int

    def event(self, kind: str, /, **said: Any) -> Announcement:
        """Make the event `runmail.KIND` about this mail; what is None is left out."""
        digest = hashlib.sha256(f"{self.seal}\n{self.reply_id}\n{kind}".encode()).hexdigest()
        data = {
            "profile": self.profile,
            "recipient": self.recipient,
            "delivery": self.delivery_id,
            "reply": self.reply_id,
            "about": self.about,
            **said,
        }
        document = {
            "specversion": "1.0",
            "id": f"evt_{digest[:32]}",
            "type": f"runmail.{kind}",
            "time": shown(self.now),
            "datacontenttype": "application/json",
            "data": data,
        }
        return Announcement(OUTGOING_TYPES[f"runmail.{kind}"].model_validate(document), self.profile_id, self.now)


def shown(milliseconds: int | None) -> str | None:
    """Return a moment as RFC 3339 in UTC."""
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
