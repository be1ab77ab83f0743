"""How long to wait before something that died is started again: longer each time it dies young.

Time is an argument (seconds of any steady clock); it starts nothing itself.
"""

from __future__ import annotations

#: Seconds before the first start again, doubled each time up to the maximum.
RESTART_SECONDS = 0.5
MOST_RESTART_SECONDS = 30.0
#: Seconds something lives before its death counts as the first again.
YOUNG_SECONDS = 60.0


class RestartPause:
    """The pause of one thing that is kept running."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._started_at = 0.0
        self._over_at = 0.0

    def note_start(self, now: float) -> None:
        """Say that it was started."""
        self._started_at = now

    def note_end(self, now: float) -> None:
        """Say that it died; the pause begins."""
        young = now - self._started_at < YOUNG_SECONDS
        self._seconds = min(max(self._seconds * 2, RESTART_SECONDS), MOST_RESTART_SECONDS) if young else RESTART_SECONDS
        self._over_at = now + self._seconds

    def is_over(self, now: float) -> bool:
        """Say whether it may be started."""
        return now >= self._over_at
