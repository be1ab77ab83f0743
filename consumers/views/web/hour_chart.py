"""Mail by the hour as a picture of stacked bars: the places of the bars in a box of its own measure. Pure.

The picture is stretched to the width it gets, so it holds bars alone; words and numbers stand beside it as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from consumers.ledger.states import DeliveryState
from consumers.views.hourly_mail import MailHour

#: The box of the picture.
WIDTH, HEIGHT = 960.0, 200.0
#: The part of an hour's width that its bar takes.
BAR = 0.72
#: The least height of what is there at all.
LEAST = 2.0
#: What is stacked, from the bottom: a colour, its words, and its states.
GROUPS = (
    ("good", "Sent", (DeliveryState.SENT,)),
    ("info", "Waiting", (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEFERRED)),
    ("warn", "For a person", (DeliveryState.HELD, DeliveryState.UNCERTAIN, DeliveryState.QUARANTINED)),
    ("quiet", "Suppressed", (DeliveryState.SUPPRESSED,)),
    ("bad", "Failed", (DeliveryState.FAILED,)),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of the picture and its colour."""

    x: float
    y: float
    width: float
    height: float
    tone: str


@dataclass(frozen=True, slots=True)
class HourRow:
    """One hour in numbers: as a row of the table that says what the picture shows."""

    begin: int
    numbers: tuple[int, ...]
    total: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class HourChart:
    """The picture, its scale and the table. `top` is the number of mails that its height stands for."""

    bars: tuple[Bar, ...]
    top: int
    labels: tuple[str, ...]
    rows: tuple[HourRow, ...]
    totals: tuple[tuple[str, str, int], ...]

    @property
    def total(self) -> int:
        """All mails."""
        return sum(number for _, _, number in self.totals)

    @property
    def is_estimated(self) -> bool:
        """Whether some hour had too much to count."""
        return any(row.estimated for row in self.rows)

    @property
    def said(self) -> str:
        """The picture in a sentence."""
        parts = [f"{number:,} {words.lower()}" for _, words, number in self.totals if number]
        about = "about " if self.is_estimated else ""
        return f"{about}{self.total:,} mails in {len(self.rows)} hours" + (f": {', '.join(parts)}" if parts else "")


def draw(hours: Sequence[MailHour]) -> HourChart:
    """Return the picture of some hours, the oldest on the left."""
    rows = tuple(
        HourRow(
            hour.begin,
            tuple(sum(hour.states.get(state.value, 0) for state in states) for _, _, states in GROUPS),
            hour.total,
            hour.estimated,
        )
        for hour in hours
    )
    top = round_up(max((row.total for row in rows), default=0))
    step = WIDTH / max(1, len(rows))
    bars = [
        bar
        for number, row in enumerate(rows)
        for bar in _stack(row.numbers, number * step + step * (1 - BAR) / 2, step * BAR, top)
    ]
    totals = tuple(
        (tone, words, sum(row.numbers[number] for row in rows)) for number, (tone, words, _) in enumerate(GROUPS)
    )
    every = max(1, len(rows) // 4)
    labels = tuple(f"{datetime.fromtimestamp(row.begin / 1000, UTC):%H:%M}" for row in rows[::every])
    return HourChart(tuple(bars), top, labels, rows, totals)


def round_up(number: int) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50, … that is not below a number."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= number:
                return step * power
        power *= 10


def _stack(numbers: Sequence[int], x: float, width: float, top: int) -> list[Bar]:
    bars = []
    y = HEIGHT
    for number, (tone, _, _) in zip(numbers, GROUPS, strict=True):
        if not number:
            continue
        height = max(LEAST, HEIGHT * number / top)
        y -= height
        bars.append(Bar(round(x, 1), round(max(0.0, y), 1), round(width, 1), round(height, 1), tone))
    return bars
