"""Notices that the next page shows: left by a request that changed something, taken by the page it led to.

They wait in `request.state.notices`, a Tray that the application fills from the session and keeps there again. This
file knows neither sessions nor cookies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from starlette.requests import Request

#: Notices that wait at most; of more, the oldest are dropped.
MOST_WAITING = 5
#: Characters of one.
MOST_TEXT = 500


class Tone(StrEnum):
    """The colours that mean something, as in the mails."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    INFO = "info"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: a sentence and its colour."""

    text: str
    tone: Tone = Tone.GOOD


@dataclass(slots=True)
class Tray:
    """The notices of one session during one request; `changed` says whether they must be kept anew."""

    waiting: list[Notice] = field(default_factory=list)
    changed: bool = False

    def leave(self, notice: Notice) -> None:
        """Let a notice wait for the next page."""
        self.waiting = [*self.waiting, Notice(notice.text[:MOST_TEXT], notice.tone)][-MOST_WAITING:]
        self.changed = True

    def take(self) -> list[Notice]:
        """Return what waits; it waits no more."""
        taken, self.waiting = self.waiting, []
        self.changed = self.changed or bool(taken)
        return taken


def leave(request: Request, text: str, tone: Tone = Tone.GOOD) -> None:
    """Let a notice wait for the next page of this visitor."""
    tray_of(request).leave(Notice(text, tone))


def tray_of(request: Request) -> Tray:
    """Return the tray of a request; one that nobody keeps where the application gave none."""
    tray = getattr(request.state, "notices", None)
    return tray if isinstance(tray, Tray) else Tray()
