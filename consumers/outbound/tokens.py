"""Signed tokens: the local part of a Message-ID that says which delivery a mail belongs to.

25 octets as 40 lower-case base32 characters: one octet version, six octets delivery id, three octets last day
(days since 1970), 15 octets MAC. The MAC (HMAC-SHA-256, cut) covers delivery, recipient and expiry, so that a
token is of no use to another recipient. Lower-case base32 survives systems that fold case. Old keys verify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

#: What the keys are derived for; another purpose gets other keys.
PURPOSE = "delivery-token"
#: Days a token can be answered: longer than anyone answers a mail about a test run.
LIFETIME_DAYS = 400
VERSION = 1
DAY_MILLISECONDS = 86_400_000
MAC_OCTETS = 15
HEAD_OCTETS = 10
LENGTH = 40

_TOKEN = re.compile(r"[A-Za-z2-7]{40}\Z", re.ASCII)
_DIGITS = str.maketrans("abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv")


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a token says before its MAC is verified: the delivery, and the last day it holds."""

    delivery_id: int
    last_day: int
    octets: bytes


def make_token(key: bytes, delivery_id: int, recipient_key: str, created_at: int) -> str:
    """Make the token of a delivery created at `created_at` (milliseconds UTC): always the same text."""
    head = (
        bytes([VERSION])
        + delivery_id.to_bytes(6, "big")
        + (created_at // DAY_MILLISECONDS + LIFETIME_DAYS).to_bytes(3, "big")
    )
    return base64.b32encode(head + _mac(key, head, recipient_key)).decode("ascii").lower()


def read_token(text: str) -> TokenFacts | None:
    """Read what a token claims; None when the text is no token. Nothing of it may be trusted yet."""
    if len(text) != LENGTH or not _TOKEN.match(text):
        return None
    # The digits of base32 as those that `int` knows: every mail that comes in has several texts of this length.
    octets = int(text.lower().translate(_DIGITS), 32).to_bytes(HEAD_OCTETS + MAC_OCTETS, "big")
    if octets[0] != VERSION:
        return None
    return TokenFacts(int.from_bytes(octets[1:7], "big"), int.from_bytes(octets[7:10], "big"), octets)


def is_genuine(facts: TokenFacts, keys: Sequence[bytes], recipient_key: str, now: int) -> bool:
    """Say whether a token was made with one of the keys for this recipient and still holds at `now`."""
    head, mac = facts.octets[:HEAD_OCTETS], facts.octets[HEAD_OCTETS:]
    # Every key is compared, so that the time taken does not tell which one fits.
    matches = [hmac.compare_digest(_mac(key, head, recipient_key), mac) for key in keys]
    return any(matches) and now // DAY_MILLISECONDS <= facts.last_day


def _mac(key: bytes, head: bytes, recipient_key: str) -> bytes:
    return hmac.digest(key, head + recipient_key.encode("utf-8", "surrogatepass"), hashlib.sha256)[:MAC_OCTETS]
