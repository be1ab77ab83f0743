"""judge: why a mail did not arrive, from a status code and the server's words. Two tables, tried from top to bottom.

Words come first: servers use codes freely (a full mailbox as 5.1.1, spam as 550 without more), and a wrong `hard`
takes a living address off the list. So what speaks of quota, greylisting, size or content never kills an address.
"""

from __future__ import annotations

import re

from consumers.inbound.reading.bounce_words import STATUS_REASONS, WORDS
from consumers.inbound.reading.outcome import BounceReason

#: Characters of a server's answer that are kept.
MAX_SAID = 500

_PATTERNS = tuple((reason, re.compile("|".join(words))) for reason, words in WORDS)
#: An enhanced status code (RFC 3463), not a part of an IP address or a version.
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_REPLY_AND_ENHANCED = re.compile(r"(?<![\d.])[45]\d\d[ -]+[#(]?([45]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
#: A reply code (RFC 5321 4.2) where one stands in an answer: not a port, a size or a year.
_REPLY = re.compile(
    r"(?:^|[\s(\[=])([45][0-5]\d)(?=[ \-:;,#)\].]|\Z)"
    r"(?! (?:hour|day|minute|second|time|byte|message|attempt|[kmg]i?b\b))"
)
_GENERIC = re.compile(r"[45]\.0\.0\Z")


def judge(status: str, said: str) -> tuple[BounceReason, str]:
    """Return why a mail did not arrive, and the most telling status code.

    A temporary code (4.x.x) never makes a `hard` bounce, whatever the words.
    """
    said = said[: MAX_SAID * 4]
    status = telling_status(status, said)
    folded = said.casefold()
    for reason, pattern in _PATTERNS:
        if pattern.search(folded):
            if reason is BounceReason.HARD and status.startswith("4"):
                return BounceReason.SOFT, status
            return reason, status
    for prefix, reason in STATUS_REASONS:
        if status.startswith(prefix):
            return reason, status
    return BounceReason.SOFT, status


def telling_status(status: str, said: str) -> str:
    """Return the enhanced status code that says most: the notice's, unless it is general and an answer knows more."""
    found = _ENHANCED.search(status)
    given = found[1] if found else ""
    if given and not _GENERIC.match(given):
        return given
    better = _REPLY_AND_ENHANCED.search(said) or _ENHANCED.search(said)
    if better is not None and not better[1].startswith("2"):
        return better[1]
    if given:
        return given
    reply = _REPLY.search(said)
    return f"{reply[1][0]}.0.0" if reply else ""
