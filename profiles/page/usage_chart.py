"""The small chart of a profile's use: a bar for each day, drawn as SVG by a template. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Its size in pixels, and that of a bar with the gap behind it.
HEIGHT = 32
STEP = 6
BAR = 4
#: A day with any mail is seen.
LEAST = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: from the left, from the top, and its height."""

    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars and the size of the picture; `said` says for those who do not see it what it shows."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    said: str


def draw(days: Sequence[int]) -> Chart | None:
    """Return the chart of mails by day, the oldest first; None when there was no mail."""
    most = max(days, default=0)
    if not most:
        return None
    bars = []
    for place, number in enumerate(days):
        height = max(LEAST, round(number * HEIGHT / most)) if number else 0
        if height:
            bars.append(Bar(place * STEP, HEIGHT - height, height))
    said = f"Mails a day over {len(days)} days: {days[-1]} in the last 24 hours, {most} on the busiest day."
    return Chart(tuple(bars), len(days) * STEP - (STEP - BAR), HEIGHT, said)
