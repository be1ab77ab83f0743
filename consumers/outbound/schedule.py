"""When a failed attempt is tried again, and when it is given up. Pure; randomness is an argument."""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds before the next try, by tries made. The first are short because most faults pass at once; from the
#: fourth on they outlast greylisting (5 to 15 minutes); the last repeats.
DELAYS = (10.0, 60.0, 180.0, 420.0, 600.0, 900.0, 1800.0)
#: Part of the delay that is left to chance, so that what failed together does not come back together.
JITTER = 0.25
#: A type nobody set an age for.
DEFAULT_MAX_AGE_SECONDS = 48 * 3600.0


@dataclass(frozen=True, slots=True)
class MaxAges:
    """Seconds after which a delivery that could not be sent is given up, by event type."""

    by_type: dict[str, float]

    def seconds(self, event_type: str) -> float:
        """Return the maximum age of a type."""
        return self.by_type.get(event_type, DEFAULT_MAX_AGE_SECONDS)


def next_delay(tries: int, chance: float) -> float:
    """Return the seconds until the next try after `tries` ones (from 1); `chance` is in 0..1."""
    base = DELAYS[min(tries, len(DELAYS)) - 1]
    return base * (1 - JITTER + 2 * JITTER * chance)
