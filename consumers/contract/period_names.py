"""The names of periods that a report can be asked of, such as `yesterday` or `24h`.

Which times a name means depends on a time zone and on when it is asked; both are known where reports are computed.
"""

from __future__ import annotations

import re

#: Named by the calendar. `since-workday` begins with the last day before today that is no Saturday or Sunday.
CALENDAR_NAMES = (
    "today",
    "yesterday",
    "since-workday",
    "this-week",
    "last-week",
    "this-month",
    "last-month",
)
#: Every name, in words for people.
PERIOD_NAMES = f"{', '.join(CALENDAR_NAMES)}, or a number of hours, days or weeks such as 24h, 7d, 2w"

_SPAN = re.compile(r"([1-9][0-9]{0,3})([hdw])\Z")
#: Of each unit at most a year: a report reads every run of its period.
_MOST = {"h": 24 * 366, "d": 366, "w": 52}


def is_period_name(text: str) -> bool:
    """Say whether a text names a period."""
    return text in CALENDAR_NAMES or read_span(text) is not None


def read_span(text: str) -> tuple[int, str] | None:
    """Return number and unit (`h`, `d` or `w`) of a name such as `24h`; None for a text that is none."""
    found = _SPAN.match(text)
    if found is None or int(found[1]) > _MOST[found[2]]:
        return None
    return int(found[1]), found[2]
