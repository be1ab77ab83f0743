"""read_sender: the one address a mail says it is from, or the reason why it has none that may be acted on.

`email.utils.parseaddr` is not used: it gives `admin@corp.example` for `admin@corp.example <evil@x.example>`, and what
a person sees and what a program takes must be the same. A From that is not plainly one mailbox is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from consumers.inbound.reading.header_block import HeaderBlock
from profiles.addresses import Address, UnusableAddress, read_address

#: Characters of a From that is read; longer ones are no person's.
MAX_FROM = 1_000

#: One mailbox (RFC 5322 3.4): an optional name of words and quoted strings, then the address in angle brackets. Full
#: stops and UTF-8 are taken in words, as everybody writes them; a word with @ is not.
_NAMED = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|[^"<>()@,:;\\\[\]])*<([^<>"()\s]+)>\Z""")
_BARE = re.compile(r"[^<>\"(),:;\\\s\[\]]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COMMENT = re.compile(r"\(([^()\\]|\\.)*\)")


class SenderFault(StrEnum):
    """Why nobody may be taken for the sender."""

    NO_FROM = "no_from"
    SEVERAL_FROM_HEADERS = "several_from_headers"
    SEVERAL_ADDRESSES = "several_addresses"
    MALFORMED = "malformed_from"
    UNUSABLE_ADDRESS = "unusable_address"


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom a mail says it is from. Exactly one of the two is set; neither proves anything."""

    address: Address | None
    fault: SenderFault | None


NOBODY = Sender(None, SenderFault.NO_FROM)


def read_sender(headers: HeaderBlock) -> Sender:
    """Read From strictly."""
    values = headers.all("from")
    if not values or (len(values) == 1 and not values[0]):
        return NOBODY
    if len(values) > 1:
        return Sender(None, SenderFault.SEVERAL_FROM_HEADERS)
    text = values[0]
    if len(text) > MAX_FROM or _CONTROL.search(text):
        return Sender(None, SenderFault.MALFORMED)
    address = _address(text)
    if address is None:
        several = text.count("@") > 1 and ("," in text or ";" in text)
        return Sender(None, SenderFault.SEVERAL_ADDRESSES if several else SenderFault.MALFORMED)
    try:
        return Sender(read_address(address), None)
    except UnusableAddress:
        return Sender(None, SenderFault.UNUSABLE_ADDRESS)


def _address(text: str) -> str | None:
    """Return the address of one mailbox as it stands; None for anything else."""
    if "(" in text:
        outside = _outside_quotes_without_comments(text)
        if outside is None:
            return None
        text = outside
    if "<" in text:
        found = _NAMED.match(text)
        return found[1] if found else None
    return text if _BARE.match(text) else None


def _outside_quotes_without_comments(text: str) -> str | None:
    """Drop simple comments, `(QA)`, outside quoted strings; None when they are nested, unbalanced or hold an @."""
    kept: list[str] = []
    for number, piece in enumerate(re.split(r'("(?:[^"\\]|\\.)*")', text)):
        if number % 2:
            kept.append(piece)
            continue
        if any("@" in comment[0] for comment in _COMMENT.finditer(piece)):
            return None
        kept.append(_COMMENT.sub("", piece))
    joined = "".join(kept).strip()
    return None if any("(" in piece or ")" in piece for piece in kept[::2]) else joined
