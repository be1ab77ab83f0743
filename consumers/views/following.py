"""following: outgoing events in their order, also while several workers write at once; pure.

On PostgreSQL an event with a lower place may be committed after one with a higher place. Whoever goes on behind the
higher one would never see it. So what lies behind a gap waits until the gap is filled, or is old enough to stay one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from consumers.views.outgoing import Followed

#: Seconds after which a gap is one of a transaction that was taken back: far above what a transaction takes.
GAP_SECONDS = 10.0


class Follower:
    """Gives out events behind a place, each once; `clock` returns seconds that only grow."""

    def __init__(self, after: int, clock: Callable[[], float]) -> None:
        self.after = after
        self._clock = clock
        self._gap_seen: float | None = None

    def take(self, found: Sequence[Followed]) -> list[Followed]:
        """Return what may be given out of the events behind `after`, which are in order; `after` moves on."""
        given: list[Followed] = []
        for each in found:
            if each.row_id != self.after + 1 and not self._is_old():
                break
            self._gap_seen = None
            self.after = each.row_id
            given.append(each)
        return given

    def _is_old(self) -> bool:
        now = self._clock()
        if self._gap_seen is None:
            self._gap_seen = now
        return now - self._gap_seen >= GAP_SECONDS
