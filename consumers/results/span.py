"""Span: when the run of one report was, and how long the run of several reports took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """When a report's run began and how long it took, as far as the report says; `start` may be naive."""

    start: datetime | None
    seconds: float | None


def earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two; the first when one has an offset and the other has none."""
    if one is None or other is None:
        return one or other
    if (one.tzinfo is None) != (other.tzinfo is None):
        return one
    return min(one, other)


def duration(spans: Sequence[Span]) -> float | None:
    """Return how long a run of these reports took in seconds.

    Of one report it is what it says; of several, the time from the first start to the last end when all say when they
    began, at least the longest and at most the sum of all; else the sum.
    """
    seconds = [span.seconds for span in spans if span.seconds is not None]
    if not seconds:
        return None
    together = _first_start_to_last_end(spans)
    total = sum(seconds)
    return total if together is None else min(max(together, *seconds, 0.0), total)


def _first_start_to_last_end(spans: Sequence[Span]) -> float | None:
    """Return the seconds between, or None when the starts cannot be believed: missing, mixed or all the same."""
    known = [(span.start, span.seconds) for span in spans if span.start is not None and span.seconds is not None]
    starts = {start for start, _ in known}
    if len(known) < len(spans) or len(starts) < 2 or len({start.tzinfo is None for start in starts}) > 1:
        return None
    return (max(start + timedelta(seconds=seconds) for start, seconds in known) - min(starts)).total_seconds()
