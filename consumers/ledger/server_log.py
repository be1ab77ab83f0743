"""What a receiving server says it took: one line a mail, with event id, recipient and time.

    run-2209<TAB>team@example.com<TAB>1764072000.25
    {"event": "run-2209", "recipient": "team@example.com", "time": "2026-11-25T12:00:00Z"}

Tabs and JSON may be mixed. The event id is that of the header X-Runmail-Event; times are seconds since 1970 UTC or
ISO 8601. It knows nothing of the ledger.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from profiles.addresses import UnusableAddress, read_address


class LineUnreadable(ValueError):
    """Raised for a line that is none; says what is wrong and never repeats the line."""


@dataclass(frozen=True, slots=True)
class TakenMail:
    """One mail that the server took. `recipient` is the key by which addresses are compared; `at` milliseconds UTC."""

    event: str
    recipient: str
    at: int


def read_taken_mail(line: str) -> TakenMail:
    """Read one line.

    Raises:
        LineUnreadable: when it is neither three fields with tabs between them nor a JSON object with the three.
    """
    event, recipient, time = _json_fields(line) if line.startswith("{") else _tab_fields(line)
    if not isinstance(event, str) or not isinstance(recipient, str) or not event or not recipient:
        raise LineUnreadable("event and recipient must be texts that are not empty")
    return TakenMail(event, address_key(recipient), read_time(time))


def address_key(text: str) -> str:
    """Return what makes two addresses the same."""
    try:
        return read_address(text).key
    except UnusableAddress:
        return text.casefold()


def read_time(value: object) -> int:
    """Return a time as milliseconds since 1970 UTC.

    Raises:
        LineUnreadable: when it is neither seconds since 1970 nor ISO 8601; without a zone it is UTC.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise LineUnreadable("the time is neither seconds since 1970 nor ISO 8601")
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            raise LineUnreadable("the time is neither seconds since 1970 nor ISO 8601") from None
        seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(seconds):
        raise LineUnreadable("the time is no number of seconds")
    return round(seconds * 1000)


def _tab_fields(line: str) -> tuple[Any, Any, Any]:
    fields = line.split("\t")
    if len(fields) != 3:
        raise LineUnreadable(f"it has {len(fields)} fields between tabs and not three: event id, recipient, time")
    return fields[0], fields[1], fields[2].strip()


def _json_fields(line: str) -> tuple[Any, Any, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise LineUnreadable("it begins like JSON and is none") from None
    try:
        return found["event"], found["recipient"], found["time"]
    except (KeyError, TypeError):
        raise LineUnreadable("its JSON object does not have event, recipient and time") from None
