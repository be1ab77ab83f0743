"""The score of an address: hard bounces add to it, time takes it away, and above a limit the address is suppressed.

Pure. A single clear bounce suppresses for a week; one that names no clear status counts half, so that one mail that
was misread silences nobody. Who bounces again after each pause is left alone longer and longer.
"""

from __future__ import annotations

import math
import re

#: Milliseconds after which half of a score is left.
HALF_LIFE = 90 * 86_400_000
#: What a bounce adds that says in so many words that there is no such mailbox or domain, and any other hard one.
CLEAR = 1.0
UNCLEAR = 0.5
#: The score from which an address is suppressed.
LIMIT = 1.0
#: Days an address is suppressed at the limit; twice as long with each whole point more, up to the most.
FIRST_DAYS = 7
MOST_DAYS = 90
_DAY = 86_400_000
#: Bad mailbox, bad system, bad syntax, moved, null MX (RFC 3463 3.2, RFC 7505), mailbox disabled.
_CLEAR_STATUS = re.compile(r"5\.(1\.(1|2|3|6|10)|2\.1)\Z")


def weight(status: str) -> float:
    """Return what a hard bounce with an enhanced status code adds to the score; empty is no code."""
    return CLEAR if _CLEAR_STATUS.match(status) else UNCLEAR


def decayed(score: float, age: int) -> float:
    """Return what is left of a score after `age` milliseconds."""
    return score * math.pow(0.5, max(0, age) / HALF_LIFE)


def suppressed_until(score: float, now: int) -> int | None:
    """Return until when an address of this score is suppressed, in milliseconds; None below the limit."""
    # Rounded, since a score that decayed for a moment must not miss a limit it has just reached.
    if round(score, 3) < LIMIT:
        return None
    return now + round(min(FIRST_DAYS * 2 ** min(score - LIMIT, 10), MOST_DAYS) * _DAY)
