"""Durations and timestamps as test runners write them: with commas, without zones, or as nonsense.

Nothing here raises: what cannot be read is unknown (None).
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from .times import FIRST_YEAR, LAST_YEAR

#: Seconds; three years, beyond which a duration is a mistake of the reporter.
MAX_DURATION = 100_000_000.0

_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d+)?)\Z", re.ASCII)
_NUMBER = re.compile(r"\d*[.,]?\d*(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z", re.ASCII)


def read_seconds(text: str | None) -> float | None:
    """Read a duration in seconds.

    `1,234.5` and `1,234,567` have thousands marked (Surefire); a lone comma is a decimal comma (`0,25`, and also
    `1,234`); `1:02:03.5` is hours, minutes, seconds.
    """
    text = (text or "").strip()
    if not text or len(text) > 40:
        return None
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        value = float(text)
    elif clock := _CLOCK.match(text):
        hours, minutes, seconds = clock.groups()
        value = int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    elif _GROUPED.match(text) and ("." in text or text.count(",") > 1):
        value = float(text.replace(",", ""))
    elif _NUMBER.match(text) and any(char.isdigit() for char in text):
        value = float(text.replace(",", "."))
    else:
        return None
    return value if math.isfinite(value) and 0 <= value <= MAX_DURATION else None


def read_timestamp(text: str | None) -> datetime | None:
    """Read an ISO 8601 timestamp; without an offset the result is naive, for its zone cannot be known."""
    if not text or len(text) > 64:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    return found if found.tzinfo is None else found.astimezone(UTC)
