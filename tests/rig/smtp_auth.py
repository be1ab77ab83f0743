"""The server's side of AUTH PLAIN, LOGIN and CRAM-MD5 (RFC 4954, RFC 2195)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Protocol

CHALLENGE = b"<1.2@rig.test>"


class Dialogue(Protocol):
    """Whom to ask for the next step."""

    async def ask(self, prompt: bytes) -> bytes: ...


async def check(dialogue: Dialogue, line: bytes, users: Mapping[str, str]) -> str | None:
    """Play one AUTH and return the user who proved to be one; None when not."""
    _, _, rest = line.partition(b" ")
    mechanism, _, initial = rest.partition(b" ")
    try:
        match mechanism.upper():
            case b"PLAIN":
                _, user, secret = _plain(initial or await dialogue.ask(b"")).split(b"\0")
                good = users.get(user.decode()) == secret.decode()
            case b"LOGIN":
                user = _plain(initial or await dialogue.ask(base64.b64encode(b"Username:")))
                secret = _plain(await dialogue.ask(base64.b64encode(b"Password:")))
                good = users.get(user.decode()) == secret.decode()
            case b"CRAM-MD5":
                user, _, digest = _plain(await dialogue.ask(base64.b64encode(CHALLENGE))).partition(b" ")
                secret = users.get(user.decode(), "").encode()
                good = hmac.new(secret, CHALLENGE, "md5").hexdigest().encode() == digest
            case _:
                return None
    except (ValueError, binascii.Error):
        return None
    return user.decode() if good else None


def _plain(encoded: bytes) -> bytes:
    return base64.b64decode(encoded, validate=True)
