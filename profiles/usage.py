"""What profiles are used for, as far as they care: a small protocol that the composition root fills from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Use:
    """How a profile was used: mails sent through it, when the last was (milliseconds UTC), and mails that wait."""

    times: int = 0
    last: int | None = None
    waiting: int = 0


class Usage(Protocol):
    """Tells the use of every profile that was ever used, by its id."""

    def by_profile(self) -> Mapping[int, Use]: ...
