"""What profiles are used for, as far as they care: a small protocol that the composition root fills from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

#: Days over which mails are counted: `used 12 times in 30 days`.
COUNTED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Use:
    """How a profile is used.

    `times` counts the mails it sent in the last COUNTED_DAYS, `days` the same by day of 24 hours, the oldest first and
    today's the last (empty without any); `last` is when it sent the last one (milliseconds
    UTC); `waiting` counts the mails that wait for it. `failing` is the reason of its last attempt when none of the
    latest came through and the fault is not one recipient's or one message's. `breaker` is the reason why its
    server is left alone for now. `since` is when the one or the other began (milliseconds UTC).
    """

    times: int = 0
    last: int | None = None
    waiting: int = 0
    failing: str | None = None
    breaker: str | None = None
    since: int | None = None
    days: tuple[int, ...] = ()


class Usage(Protocol):
    """Tells the use of every profile, by its id."""

    def by_profile(self) -> Mapping[int, Use]: ...
