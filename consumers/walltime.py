"""Wall time of a zone as instants, also where daylight saving leaves a wall time out or has it twice. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

_SECOND = timedelta(seconds=1)


def first_moment(day: date, wall: time, zone: tzinfo) -> datetime:
    """Return the first instant (UTC) at which a clock of `zone` shows `wall` on `day`, or a later time of that day.

    A wall time that comes twice means the first of them. One that is left out means the end of the gap: that is
    when a person, seeing the clock jump from 02:00 to 03:00, would say that 02:30 has come.
    """
    shown = datetime.combine(day, wall)
    found = shown.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == shown:
        return found
    # In a gap. Read with the offset after it, the wall time lies before the gap; with the one before it, after.
    low, high = shown.replace(tzinfo=zone, fold=1).astimezone(UTC), found
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).replace(tzinfo=None) < shown:
            low = middle
        else:
            high = middle
    return high


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the instant (UTC) at which `day` begins in `zone`, which is not 00:00 where that is left out."""
    return first_moment(day, time(), zone)


def local_day(moment: datetime, zone: tzinfo) -> date:
    """Return the calendar day of `zone` that a moment lies on."""
    return moment.astimezone(zone).date()
