"""Points in time in events: RFC 3339 text with its offset, in years that every time zone can show.

It knows nothing of the zone a reader wants; mails turn an instant into the profile's zone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

#: Years outside these cannot be turned into every zone, or cannot be meant.
FIRST_YEAR, LAST_YEAR = 1970, 9998
#: What Go writes for a time that was never set; Alertmanager sends it as the end of a firing alert.
GO_ZERO_TIME = "0001-01-01T00:00:00Z"


def _text_only(value: object) -> object:
    """Refuse numbers: whether 1764000000 means seconds or milliseconds would be a guess."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and value[4:5] == "-":
        return value
    raise ValueError("must be a time such as 2026-11-20T06:02:11Z")


def _zero_is_absent(value: object) -> object:
    return None if value == GO_ZERO_TIME else value


def _in_range(value: datetime) -> datetime:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_in_range), BeforeValidator(_text_only)]
#: An instant that may be absent; Go's zero time counts as absent.
MaybeInstant = Annotated[Instant | None, BeforeValidator(_zero_is_absent)]
