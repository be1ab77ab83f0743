"""The kinds of text that events are made of: identifiers that are refused, and texts that are shortened.

An identifier over its limit would stop identifying if it were cut, so it is refused. Every other text is
shortened with a mark and a count: a long trace must not cost its reader the mail. No check says the refused
text again in its error: a URL may carry a token.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

#: Characters; an id of CloudEvents is a hash, a run id or a UUID, and 512 holds a long CI job path.
MAX_IDENTIFIER = 512
#: Characters of the id of a run's end that is waited for: two more ids are made of it (`ids`).
MAX_FINISH_ID = 500
#: Seconds; an end is waited for at most a week, after which nobody wants to hear of it.
MAX_WAITING = 7 * 86_400
#: Characters of a profile's name.
MAX_PROFILE_NAME = 100
#: Characters; RFC 5321 allows 254 for an address, the rest leaves room for a display name typed by mistake.
MAX_ADDRESS_TEXT = 320
#: Characters; what every browser and mail client follows.
MAX_URL = 2048
#: Addresses of one event.
MAX_RECIPIENTS = 1000
#: Characters of a name, of one line, of a message and of a trace; what is longer is shortened.
MAX_NAME = 300
MAX_SHORT_TEXT = 500
MAX_LONG_TEXT = 8_000
MAX_TRACE = 20_000

#: CloudEvents 1.0, "Type System": characters that a String must not hold.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def shorten(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters, the mark with its count included; the same text when it fits."""
    if len(text) <= limit:
        return text
    # The count's own width changes what is left out, so the mark is sized for the longest count first.
    room = max(limit - len(f" … (+{len(text)} characters)"), 0)
    return f"{text[:room]} … (+{len(text) - room} characters)"


def shortened(limit: int) -> Any:
    """Make the annotation of a text that is shortened to `limit` characters, never refused.

    A whole number is taken as the text it is written as: run ids and short commits often arrive as numbers.
    """

    def cut(value: object) -> object:
        if isinstance(value, str):
            return shorten(value, limit)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value

    return BeforeValidator(cut)


def _identifier(value: str) -> str:
    """Refuse control characters: they would split a header, a log line or a Redis command."""
    if _CONTROL.search(value):
        raise ValueError("must not hold control characters")
    return value


def _link(value: str) -> str:
    """Check an http or https address without a user part; the same text is returned."""
    # isprintable() is false for control characters, line separators and the marks that turn text around.
    if not value.isprintable() or " " in value or "\\" in value:
        raise ValueError("must not hold blanks, backslashes or unprintable characters")
    try:
        parts = urlsplit(value)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must not carry a user or password")
    if not host:
        raise ValueError("has no host")
    return value


def _json_media_type(value: str) -> str:
    """Check that the data is announced as JSON (`+json`: RFC 6839, 3.1); parameters may follow."""
    media_type = value.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise ValueError("must be application/json")
    return value


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=MAX_IDENTIFIER), AfterValidator(_identifier)]
FinishId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_FINISH_ID), AfterValidator(_identifier)]
ProfileName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PROFILE_NAME), AfterValidator(_identifier)]
AddressText = Annotated[str, StringConstraints(max_length=MAX_ADDRESS_TEXT)]
Url = Annotated[str, StringConstraints(max_length=MAX_URL), AfterValidator(_link)]
JsonMediaType = Annotated[str, StringConstraints(max_length=200), AfterValidator(_json_media_type)]
Name = Annotated[str, shortened(MAX_NAME)]
ShortText = Annotated[str, shortened(MAX_SHORT_TEXT)]
LongText = Annotated[str, shortened(MAX_LONG_TEXT)]
Trace = Annotated[str, shortened(MAX_TRACE)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Seconds = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]
WaitingSeconds = Annotated[float, Field(ge=1, le=MAX_WAITING, allow_inf_nan=False)]
