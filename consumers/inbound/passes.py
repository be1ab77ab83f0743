"""What a pass over a mailbox is made with, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Engine

from consumers.ledger.replies import Unread
from profiles.imap_link import ImapLink
from profiles.profile import Profile

#: Seconds after which a pass begins no further batch: it must be over within a minute.
PASS_SECONDS = 50.0


class PassOutcome(StrEnum):
    """How a pass ended.

    - `complete`: everything the folder had is kept.
    - `more`: its time ended first; the next pass goes on.
    - `busy`: another pass has the mailbox.
    - `lost`: the mailbox went to another pass, because this one was slow; nothing is lost.
    - `off`: nobody wants the folder read: its profile is disabled or gone, or names it no more.
    - `failed`: the server or the line; the reason is named.
    """

    COMPLETE = "complete"
    MORE = "more"
    BUSY = "busy"
    LOST = "lost"
    OFF = "off"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Passed:
    """What a pass came to, in mails.

    `recognised` were kept before, `passed_over` are older than is asked for, `unfetched` cannot be fetched and are
    kept as unreadable, `left` were found and not yet dealt with.
    """

    outcome: PassOutcome
    kept: int = 0
    recognised: int = 0
    passed_over: int = 0
    too_large: int = 0
    unfetched: int = 0
    left: int = 0
    reason: str | None = None
    answer: str = ""


#: Hears of every batch of a pass.
Report = Callable[[Passed], object]


@dataclass(frozen=True, slots=True)
class CollectParts:
    """What a pass works with. `clock` counts seconds, `now` milliseconds since 1970 UTC."""

    engine: Engine
    find_profile: Callable[[int], Profile | None]
    open_link: Callable[[Profile], ImapLink]
    #: Reads mails that were kept a moment ago; what it leaves unread is found again by the sweep.
    read_replies: Callable[[Sequence[Unread]], object]
    new_owner: Callable[[], str]
    clock: Callable[[], float]
    now: Callable[[], int]
    poll_seconds: float
    pass_seconds: float = PASS_SECONDS
    #: Whether the process is about to end; a pass then ends after its batch.
    stopping: Callable[[], bool] = lambda: False
