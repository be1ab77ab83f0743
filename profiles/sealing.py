"""Sealing: credentials as bytes that only open in the place they were sealed for.

AES-256-GCM (NIST SP 800-38D) with a random nonce. The associated data names the profile, the field, the key
and the server with its port, TLS mode and user: moved to another row, field or server a sealed credential
does not open. It knows nothing of the database, nor where the keys come from.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from dataclasses import dataclass
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from profiles.errors import CredentialUnreadable, KeyringInvalid

Service = Literal["smtp", "imap"]

#: Bytes of a key: AES-256.
KEY_BYTES = 32
#: Bytes of a nonce: what GCM takes without hashing it.
NONCE_BYTES = 12
#: First byte of everything sealed, so that another form can be told from this one.
FORM = 1

#: What stands for the key of bytes that were not sealed here; no key can have this id.
UNKNOWN_KEY = "?"

_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}\Z")


class Home(Protocol):
    """Where something sealed belongs; it opens nowhere else."""

    @property
    def thing(self) -> str:
        """What is sealed, in words for a person."""
        ...

    def bytes_for(self, key_id: str) -> bytes:
        """Return the associated data under a key."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookPlace:
    """Where the secret of a webhook belongs: the webhook and the address it signs for."""

    webhook_id: int
    url: str

    @property
    def thing(self) -> str:
        """What is sealed, in words for a person."""
        return f"secret of webhook {self.webhook_id}"

    def bytes_for(self, key_id: str) -> bytes:
        """Return the associated data; the third part is a text, which no Place has there."""
        return json.dumps(
            ["runmail", FORM, "webhook", self.webhook_id, key_id, self.url], separators=(",", ":")
        ).encode("ascii")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a credential belongs: the row, the field, and the server it may be shown to."""

    profile_id: int
    service: Service
    host: str
    port: int
    security: str
    username: str

    @property
    def thing(self) -> str:
        """What is sealed, in words for a person."""
        return f"{self.service} password"

    def bytes_for(self, key_id: str) -> bytes:
        """Return the associated data; a JSON list, because no two places may give the same bytes."""
        parts = [
            "runmail", FORM, self.profile_id, self.service, key_id,
            self.host, self.port, self.security, self.username,
        ]  # fmt: skip
        return json.dumps(parts, separators=(",", ":")).encode("ascii")


class Keyring:
    """The secret keys: the first seals, all open. Its repr shows ids alone."""

    __slots__ = ("_keys",)

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = dict(keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Read `id:base64,…`, newest key first; each key is 32 bytes.

        Raises:
            KeyringInvalid: naming the entry by its number, never showing it.
        """
        keys: dict[str, bytes] = {}
        entries = [entry.strip() for entry in text.strip().split(",") if entry.strip()]
        if not entries:
            raise KeyringInvalid("there is no secret key")
        for number, entry in enumerate(entries, 1):
            key_id, colon, encoded = entry.partition(":")
            if not colon or not _KEY_ID.match(key_id):
                raise KeyringInvalid(f"secret key {number} is not of the form id:base64")
            if key_id in keys:
                raise KeyringInvalid(f"secret key {number} has the id of an earlier one")
            try:
                key = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raise KeyringInvalid(f"secret key {number} is not base64 after its id") from None
            if len(key) != KEY_BYTES:
                raise KeyringInvalid(f"secret key {number} has {len(key)} bytes instead of {KEY_BYTES}")
            keys[key_id] = key
        return cls(keys)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, newest first."""
        return tuple(self._keys)

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return next(iter(self._keys))

    def derive(self, purpose: str) -> list[bytes]:
        """Derive a 32-byte key for `purpose` from every secret key, newest first (HKDF, RFC 5869)."""
        info = b"runmail\x00" + purpose.encode("utf-8")
        return [
            HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key) for key in self._keys.values()
        ]

    def seal(self, secret: str, place: Home) -> bytes:
        """Seal `secret` for `place` with the newest key."""
        key_id = self.newest
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._keys[key_id]).encrypt(nonce, secret.encode("utf-8"), place.bytes_for(key_id))
        name = key_id.encode("ascii")
        return bytes([FORM, len(name)]) + name + nonce + sealed

    def open(self, sealed: bytes, place: Home) -> str:
        """Open what was sealed for `place`.

        Raises:
            CredentialUnreadable: `key_missing` when its key is not in the ring, `not_its_own` when the bytes were
                altered or sealed for another place.
        """
        foreign = CredentialUnreadable(
            "not_its_own",
            f"the kept {place.thing} was not sealed for this place: give it again",
        )
        key_id = key_of(sealed)
        if key_id == UNKNOWN_KEY:
            raise foreign
        end = 2 + len(key_id)
        if key_id not in self._keys:
            raise CredentialUnreadable(
                "key_missing",
                f"the {place.thing} was sealed with key “{key_id}”, which is not among the secret "
                "keys: put that key back, or give it again",
            )
        nonce, body = sealed[end : end + NONCE_BYTES], sealed[end + NONCE_BYTES :]
        try:
            return AESGCM(self._keys[key_id]).decrypt(nonce, body, place.bytes_for(key_id)).decode("utf-8")
        except (InvalidTag, ValueError):
            raise foreign from None


def key_of(sealed: bytes) -> str:
    """Return the id of the key that sealed something, UNKNOWN_KEY for bytes of another form. Opens nothing."""
    if len(sealed) < 2 or sealed[0] != FORM:
        return UNKNOWN_KEY
    key_id = sealed[2 : 2 + sealed[1]].decode("ascii", "replace")
    return key_id if _KEY_ID.match(key_id) else UNKNOWN_KEY
