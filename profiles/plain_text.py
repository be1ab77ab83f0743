"""Text of strangers made fit to be shown on a terminal or a page. Pure."""

from __future__ import annotations

import re

#: Control characters and the marks that reorder text: what could move a cursor or disguise an address.
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


def plain(value: object) -> str:
    """Return text without control characters and reordering marks; line ends and tabs stay."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", str(value))
