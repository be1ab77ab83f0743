"""Credentials in HTTP headers (RFC 9110, 11.4): `Authorization: Bearer …`, as a header, a mapping, or a pair."""

from __future__ import annotations

import re

from .replacing import MASK, Counted, replace

#: Characters of a credential without a scheme; what is shorter is a word.
_LEAST = 16
_VALUE = r"[^\s\"'\\,;<>()\[\]{}$]"
#: The header's name, what may stand before its value, then a scheme and a credential, or a long credential alone.
_HEADER = re.compile(
    r"(authorization\\{0,4}[\"']?\s{0,4}(?:=>|[:=,])\s{0,4}\[?\\{0,4}[br]?[\"']?\s{0,2})"
    rf"(?:((?:bearer|basic|token|apikey|negotiate|ntlm)\s{{1,4}})({_VALUE}{{3,}})|({_VALUE}{{{_LEAST},}}))",
    re.IGNORECASE | re.ASCII,
)
_BEARER = re.compile(rf"(?<![a-z])(bearer\s{{1,4}})([a-z0-9._~+/=-]{{{_LEAST},}})", re.IGNORECASE | re.ASCII)


def mask_authorization(text: str) -> Counted:
    """Mask what follows the scheme in an Authorization header, and what follows `Bearer` anywhere."""
    lowered = text.lower()
    number = 0
    if "authorization" in lowered:
        text, number = replace(_HEADER.finditer(text), lambda found: f"{found[1]}{found[2] or ''}{MASK}", text)
    if "bearer" in lowered:
        text, count = replace(_BEARER.finditer(text), _bearer, text)
        number += count
    return text, number


def _bearer(found: re.Match[str]) -> str | None:
    """Mask what follows `Bearer` unless it is a long word."""
    return f"{found[1]}{MASK}" if any(char.isdigit() for char in found[2]) else None
