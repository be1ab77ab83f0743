"""The mail that waits for a profile, as far as profiles care: a small protocol that the ledger fills.

Every verb works inside the transaction of the connection it is given, so that a change of a profile and what it
means to its mail are one. Profiles know neither what a mail is about nor how it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from profiles.profile import Profile


@dataclass(frozen=True, slots=True)
class Moved:
    """What moving came to: mails that wait for the other profile now, and mails it may not send."""

    moved: int = 0
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits for a profile at one moment: by state, and what a worker has in hand just now."""

    by_state: Mapping[str, int]
    in_hand: int = 0


#: No mail waits.
NOTHING = Waits({})


class Waiting(Protocol):
    """Tells and changes what waits for a profile. `now` is in milliseconds UTC."""

    def count(self, connection: Connection, profile_id: int) -> Waits:
        """Return how many mails wait; states without any are left out."""

    def follow(self, connection: Connection, profile_id: int, now: int) -> int:
        """Hold what waits for a profile that is switched off, release what was held for one that is on.

        It takes one step and returns how many mails that was; 0 when nothing is left to do.
        """

    def move(self, connection: Connection, profile_id: int, to: Profile, now: int) -> Moved:
        """Let everything that waits be sent by another profile, as far as that may write to the recipients."""

    def fail(self, connection: Connection, profile_id: int, now: int) -> int:
        """Give up everything that waits, because its profile is removed; return how many mails that was."""
