"""Periods in words: “Thu 19 Nov 2026” for a day of the reader's zone, moments for what is no whole days. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from consumers.mails.words import moment
from consumers.walltime import local_day, midnight

_DAY = timedelta(days=1)


def period_words(begin: datetime, end: datetime, zone: tzinfo) -> str:
    """Return a period as people say it: “Mon 16 – Sun 22 Nov 2026”, “October 2026”, or two moments."""
    days = _whole_days(begin, end, zone)
    if days is None:
        return f"{moment(begin, zone)} – {moment(end, zone)}"
    first, last = days
    if _is_month(first, last):
        return f"{first:%B %Y}"
    if first == last:
        return _day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%a} {first.day} – {_day(last)}"
    if first.year == last.year:
        return f"{first:%a} {first.day} {first:%b} – {_day(last)}"
    return f"{_day(first)} – {_day(last)}"


def short_period_words(begin: datetime, end: datetime, zone: tzinfo) -> str:
    """Return whole days as a subject line has room for: “16–22 Nov”; empty for what is no whole days."""
    days = _whole_days(begin, end, zone)
    if days is None:
        return ""
    first, last = days
    if _is_month(first, last):
        return f"{first:%B %Y}"
    if first == last:
        return f"{first.day} {first:%b}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%b}"
    return f"{first.day} {first:%b} – {last.day} {last:%b}"


def _whole_days(begin: datetime, end: datetime, zone: tzinfo) -> tuple[date, date] | None:
    """Return the first and the last day of a period of whole days, else None."""
    first, after = local_day(begin, zone), local_day(end, zone)
    if first >= after or midnight(first, zone) != begin or midnight(after, zone) != end:
        return None
    return first, after - _DAY


def _is_month(first: date, last: date) -> bool:
    return first.day == 1 and (first.year, first.month) == (last.year, last.month) and (last + _DAY).day == 1


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
