"""Bytes that may be anything, as people look at them: text with escapes, a hex dump of what is no text. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

#: Octets of which a hex dump is made.
MOST_DUMPED = 4_096
#: Octets of one line of it.
_LINE = 16
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class ShownBytes:
    """Bytes as text, which has no control characters but line ends and tabs; `dump` is None for plain text."""

    text: str
    dump: str | None


def show_bytes(octets: bytes, *, whole: bool) -> ShownBytes:
    """Return bytes as they are shown; JSON that is there as a `whole` is indented."""
    if whole:
        try:
            return ShownBytes(_escaped(json.dumps(json.loads(octets), indent=2, ensure_ascii=False)), None)
        except (ValueError, RecursionError):
            pass
    # A character that was cut in two at the end is no fault of the bytes.
    text = octets.decode("utf-8", "backslashreplace")
    shown = _escaped(text)
    is_text = "\\x" not in shown.replace("\\\\", "")
    return ShownBytes(shown, None if is_text else dump(octets[:MOST_DUMPED]))


def dump(octets: bytes) -> str:
    """Return a hex dump: place, sixteen octets, and those that are printable ASCII."""
    lines = []
    for place in range(0, len(octets), _LINE):
        part = octets[place : place + _LINE]
        seen = "".join(chr(octet) if 32 <= octet < 127 else "." for octet in part)
        lines.append(f"{place:06x}  {part.hex(' '):<{3 * _LINE - 1}}  {seen}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Return text whose unseen characters are written out, so that none hides or reorders anything."""
    return _UNSEEN.sub(lambda found: _written(found[0]), text).encode("utf-8", "backslashreplace").decode()


def _written(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
