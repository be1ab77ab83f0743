"""Credentials in URLs (RFC 3986, 3.2.1): `https://user:password@host`, `https://token@host`."""

from __future__ import annotations

import re

from .replacing import CUT, MASK, Counted, replace

#: Up to the last @ before the path, or to where the text was cut. A slash ends it, so no two URLs look at the same
#: characters.
_USER_PART = re.compile(rf"(?<=://)[^\s/?#\\\"'<>]+(?:@|(?={CUT}))")
_HOST_AND_PORT = re.compile(r"[^:@]+:\d{0,5}")
#: Schemes in which a user part without a password is taken for a token.
_WEB = ("http://", "https://")


def mask_urls(text: str) -> Counted:
    """Mask the user part where it has a password, and in web addresses every user part.

    The result is never longer than the text, so an identifier stays within its limit.
    """
    if "://" not in text:
        return text, 0

    def mask(match: re.Match[str]) -> str | None:
        user, at, _ = match[0].rpartition("@") if match[0].endswith("@") else (match[0], "", "")
        if not at:  # cut off: a password, unless it is a port
            return MASK if ":" in user and len(user) >= len(MASK) and not _HOST_AND_PORT.fullmatch(user) else None
        is_web = text[max(match.start() - 8, 0) : match.start()].lower().endswith(_WEB)
        return f"{MASK}@" if len(user) >= len(MASK) and (is_web or ":" in user) else None

    return replace(_USER_PART.finditer(text), mask, text)
