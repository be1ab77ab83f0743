"""Passwords of accounts: hashed with argon2id, checked in the same time whether or not there is an account.

Few are checked at once, because each takes 64 MB. It knows neither accounts nor how often someone tries.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST = 10
MOST = 1024
#: Checks at once in one process.
AT_ONCE = 2

_hasher = PasswordHasher()
_places = threading.BoundedSemaphore(AT_ONCE)


class PasswordUnfit(Exception):
    """Raised when a password cannot be taken; the text says why and never shows it."""


def hash_password(password: str) -> str:
    """Return the hash of a new password.

    Raises:
        PasswordUnfit: when it is too short or too long.
    """
    text = _normal(password)
    if len(text) < LEAST:
        raise PasswordUnfit(f"the password is too short: at least {LEAST} characters")
    if len(text) > MOST:
        raise PasswordUnfit(f"the password is too long: at most {MOST} characters")
    with _places:
        return _hasher.hash(text)


def is_right(password: str, password_hash: str | None) -> bool:
    """Say whether a password belongs to a hash; without a hash it takes as long and is wrong."""
    text = _normal(password)[: MOST + 1]
    with _places:
        try:
            return _hasher.verify(password_hash or _nobodys(), text) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(password_hash: str) -> bool:
    """Say whether a hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys() -> str:
    """Return the hash of a password that nobody knows."""
    return _hasher.hash(secrets.token_urlsafe(32))


def _normal(password: str) -> str:
    """Return one form for texts that look alike, since keyboards differ in how they write é."""
    return unicodedata.normalize("NFC", password)
