"""The kinds of text that events are made of: identifiers that are refused, and texts that are shortened.

An identifier over its limit would stop identifying if it were cut, so it is refused. Every other text is
shortened with a mark and a count: a long trace must not cost its reader the mail.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

#: Characters; an id of CloudEvents is a hash, a run id or a UUID, and 512 holds a long CI job path.
MAX_IDENTIFIER = 512
#: Characters of a profile's name.
MAX_PROFILE_NAME = 100
#: Characters; RFC 5321 allows 254 for an address, the rest leaves room for a display name typed by mistake.
MAX_ADDRESS_TEXT = 320
#: Characters; what every browser and mail client follows.
MAX_URL = 2048
#: Addresses of one event.
MAX_RECIPIENTS = 1000


def shorten(text: str, limit: int) -> str:
    """Cut `text` to `limit` characters, the mark with its count included; the same text when it fits."""
    if len(text) <= limit:
        return text
    # The count's own width changes what is left out, so the mark is sized for the longest count first.
    room = max(limit - len(f" … (+{len(text)} characters)"), 0)
    return f"{text[:room]} … (+{len(text) - room} characters)"


def shortened(limit: int) -> Any:
    """Make the annotation of a text that is shortened to `limit` characters, never refused."""

    def cut(value: object) -> object:
        return shorten(value, limit) if isinstance(value, str) else value

    return BeforeValidator(cut)


def _link(value: str) -> str:
    """Check an http or https address without a user part; the same text is returned."""
    if any(ord(char) <= 32 or ord(char) == 127 for char in value):
        raise ValueError("a URL has no blank or control character")
    try:
        parts = urlsplit(value)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ValueError("not a URL") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("a URL begins with http:// or https://")
    if not host:
        raise ValueError("the URL has no host")
    if "@" in parts.netloc:
        raise ValueError("a URL must not carry a user or password")
    return value


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=MAX_IDENTIFIER)]
ProfileName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PROFILE_NAME)]
AddressText = Annotated[str, StringConstraints(max_length=MAX_ADDRESS_TEXT)]
Url = Annotated[str, StringConstraints(max_length=MAX_URL), AfterValidator(_link)]
Name = Annotated[str, shortened(300)]
ShortText = Annotated[str, shortened(500)]
LongText = Annotated[str, shortened(8_000)]
Trace = Annotated[str, shortened(20_000)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Seconds = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]
