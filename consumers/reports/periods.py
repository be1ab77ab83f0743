"""Periods: which time a report is about, and the one before it that it is compared with. Pure.

Days, weeks (from Monday) and months are those of a time zone's calendar: a day of 23 or 25 hours is one day. What is
named relative to now is relative to the moment the report was asked for, so that a late report is about its own day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from consumers.contract.events import Period, ReportRequestedData
from consumers.contract.period_names import read_span
from consumers.walltime import first_moment, local_day, midnight

#: What is reported when nobody says.
DEFAULT_PERIOD = "24h"
#: No run is older; what a stated period of centuries is compared with begins here.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_WORKDAYS = range(5)


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time in UTC: `begin` is included, `end` is not."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Compared:
    """A period and the one before it."""

    period: Span
    before: Span


def period_of(data: ReportRequestedData, asked: datetime, zone: tzinfo) -> Compared:
    """Return the period that a request of the moment `asked` means, and the one before."""
    if isinstance(data.period, Period):
        return _compared(data.period.from_, data.period.to, zone)
    if data.since is not None:
        return _compared(data.since, max(data.until or asked, data.since, key=datetime.timestamp), zone)
    return named_period(data.period or DEFAULT_PERIOD, asked, zone)


def named_period(name: str, asked: datetime, zone: tzinfo) -> Compared:
    """Return the period of a name such as `yesterday` or `24h` and the one before.

    Of today, this week and this month only what has passed counts; they are compared with the whole day, week or
    month before.

    Raises:
        ValueError: for a text that names no period.
    """
    # Two moments of one zone are compared and subtracted by their wall time in Python; those of UTC by their distance.
    asked = asked.astimezone(UTC)
    span = read_span(name)
    if span is not None:
        return _last(span[0], span[1], asked, zone)
    today = local_day(asked, zone)
    if name == "today":
        return _running(today, today - _DAY, asked, zone)
    if name == "yesterday":
        return _days(today - _DAY, today, zone)
    if name == "since-workday":
        begin = today - _DAY
        while begin.weekday() not in _WORKDAYS:
            begin -= _DAY
        return _days(begin, today, zone)
    monday = today - timedelta(days=today.weekday())
    if name == "this-week":
        return _running(monday, monday - 7 * _DAY, asked, zone)
    if name == "last-week":
        return _days(monday - 7 * _DAY, monday, zone)
    first = today.replace(day=1)
    last = _month_before(first)
    if name == "this-month":
        return _running(first, last, asked, zone)
    if name == "last-month":
        return Compared(_whole(last, first, zone), _whole(_month_before(last), last, zone))
    raise ValueError(f"{name} names no period")


def _last(number: int, unit: str, asked: datetime, zone: tzinfo) -> Compared:
    """Return the last hours, or the days and weeks since the same wall time; and as many before."""
    if unit == "h":
        return _compared(asked - timedelta(hours=number), asked, zone)
    days = number * (7 if unit == "w" else 1) * _DAY
    local = asked.astimezone(zone)
    wall = local.time()
    begin, before = (first_moment(local.date() - back, wall, zone) for back in (days, 2 * days))
    return Compared(Span(begin, asked), Span(before, begin))


def _running(begin: date, before: date, asked: datetime, zone: tzinfo) -> Compared:
    """Return what has passed of a day, week or month that began with `begin`."""
    return Compared(Span(midnight(begin, zone), asked), _whole(before, begin, zone))


def _days(begin: date, end: date, zone: tzinfo) -> Compared:
    """Return whole days and as many before."""
    return Compared(_whole(begin, end, zone), _whole(begin - min(end - begin, begin - EARLIEST.date()), begin, zone))


def _compared(begin: datetime, end: datetime, zone: tzinfo) -> Compared:
    """Return a period and the one before: as many days when it is whole days of the zone, else as long."""
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    days = local_day(begin, zone), local_day(end, zone)
    if (begin, end) == tuple(midnight(day, zone) for day in days):
        return _days(*days, zone)
    return Compared(Span(begin, end), Span(begin - min(end - begin, begin - EARLIEST), begin))


def _whole(begin: date, end: date, zone: tzinfo) -> Span:
    return Span(midnight(begin, zone), midnight(end, zone))


def _month_before(first: date) -> date:
    """Return the first day of the month before the one that `first` begins."""
    return (first - _DAY).replace(day=1)
