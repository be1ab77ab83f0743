"""Numbers, spans and moments in words. Pure; the time zone is an argument."""

from __future__ import annotations

from datetime import datetime, tzinfo


def count(number: int, one: str, many: str | None = None) -> str:
    """Return “1 test”, “214 tests”, “12,000 tests”."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def span(seconds: float | None) -> str | None:
    """Return a duration with its units: “840 ms”, “12.4 s”, “3 min 12 s”, “2 h 5 min”, “3 d 4 h”."""
    if seconds is None:
        return None
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 59.95 else "1 min 0 s"
    whole = round(seconds)
    days, hours, minutes, rest = whole // 86400, whole // 3600 % 24, whole // 60 % 60, whole % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s"


def moment(value: datetime | None, zone: tzinfo) -> str | None:
    """Return a moment in a time zone, which is named: “Tue 24 Nov 2026, 11:18 CET”."""
    if value is None:
        return None
    local = value.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def percent(part: float | None) -> str | None:
    """Return a rate from 0 to 1 as “97.8 %”; never 100 % for less than all, never 0 % for more than none."""
    if part is None:
        return None
    value = round(part * 100, 1)
    if part < 1 and value == 100:
        value = 99.9
    if part > 0 and value == 0:
        value = 0.1
    return f"{value:g} %"


def points(difference: float) -> str:
    """Return the difference of two rates (0 to 1) in percentage points: “+1.2 points”, “−0.4 points”, “±0 points”."""
    value = round(difference * 100, 1)
    if value == 0:
        return "±0 points"
    sign = "+" if value > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(value):g} {'point' if abs(value) == 1 else 'points'}"
