"""Cadence: on which days and when a report comes again, in the wall time of a zone. Pure.

A day of the month that a month does not have is its last. A wall time that daylight saving leaves out is the end of
the gap; one that comes twice counts once, the first time. See `consumers.walltime`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from consumers.walltime import first_moment, local_day

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: The period that a report of each kind is about unless another is named; one after the other they miss no run.
PERIODS = {"daily": "yesterday", "weekdays": "since-workday", "weekly": "last-week", "monthly": "last-month"}

_DAY = timedelta(days=1)
_WALL_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\Z", re.ASCII)
_MONTHLY = re.compile(r"monthly:([1-9]|[12]\d|3[01])\Z", re.ASCII)


class NoCadence(ValueError):
    """Raised for a text that is no cadence or no time of day; says what would be one."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """`kind` is daily, weekdays, weekly or monthly; `day` the weekday from 0 for Monday, or the day of the month."""

    kind: str
    day: int = 0

    def falls_on(self, day: date) -> bool:
        """Say whether a report comes on a day."""
        if self.kind == "weekdays":
            return day.weekday() < 5
        if self.kind == "weekly":
            return day.weekday() == self.day
        if self.kind == "monthly":
            return day.day == min(self.day, calendar.monthrange(day.year, day.month)[1])
        return True

    def __str__(self) -> str:
        if self.kind == "weekly":
            return f"weekly:{WEEKDAYS[self.day]}"
        return f"monthly:{self.day}" if self.kind == "monthly" else self.kind


@dataclass(frozen=True, slots=True)
class Due:
    """One report: the day it belongs to, and the moment it is due (UTC)."""

    day: date
    moment: datetime


def read_cadence(text: str) -> Cadence:
    """Read `daily`, `weekdays`, `weekly:mon` or `monthly:1`.

    Raises:
        NoCadence: for anything else.
    """
    if text in ("daily", "weekdays"):
        return Cadence(text)
    kind, _, day = text.partition(":")
    if kind == "weekly" and day in WEEKDAYS:
        return Cadence(kind, WEEKDAYS.index(day))
    monthly = _MONTHLY.match(text)
    if monthly is not None:
        return Cadence("monthly", int(monthly[1]))
    raise NoCadence(f"“{text}” must be daily, weekdays, weekly:{{{','.join(WEEKDAYS)}}} or monthly:{{1…31}}")


def read_wall_time(text: str) -> time:
    """Read a time of day such as 07:30.

    Raises:
        NoCadence: for anything else.
    """
    found = _WALL_TIME.match(text)
    if found is None:
        raise NoCadence(f"“{text}” is no time of day such as 07:30")
    return time(int(found[1]), int(found[2]))


def dues_after(cadence: Cadence, wall: time, zone: tzinfo, after: datetime, told: date | None = None) -> Iterator[Due]:
    """Yield what is due after a moment, in order and without end; never a day that was told already."""
    day = local_day(after, zone)
    if told is not None:
        day = max(day, told + _DAY)
    while True:
        if cadence.falls_on(day) and (moment := first_moment(day, wall, zone)) > after:
            yield Due(day, moment)
        day += _DAY
