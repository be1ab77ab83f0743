"""The address and the secret of a webhook, as a person gives them; pure.

Plain HTTP goes only to hosts that the operator named as private: an event may hold what a person wrote.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from profiles.errors import WebhookUnusable

#: Characters of an address.
MAX_URL = 2048
#: What a secret's text begins with, and how many bytes it has (Standard Webhooks 1.0, "Signature scheme").
PREFIX = "whsec_"
LEAST_SECRET, MOST_SECRET = 24, 64
NEW_SECRET = 32


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """Where to send: `target` is the path with its query, as it stands in the request line."""

    host: str
    port: int
    is_tls: bool
    target: str

    @property
    def authority(self) -> str:
        """The value of the header Host (RFC 9110 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def read_address(url: str, private_hosts: Collection[str]) -> WebhookAddress:
    """Read the address of a webhook.

    Raises:
        WebhookUnusable: when it is none, carries a user or a fragment, or is plain HTTP to a host that is not private.
    """
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise WebhookUnusable("an address has at most 2048 printable ASCII characters and no blanks or backslashes")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise WebhookUnusable("this is no address such as https://ci.example.com/hooks/runmail") from None
    if parts.scheme not in ("http", "https") or not host:
        raise WebhookUnusable("an address begins with https:// and has a host")
    if "@" in parts.netloc:
        raise WebhookUnusable("an address carries no user or password: the signature says who sends")
    if parts.fragment:
        raise WebhookUnusable("an address has no part behind #")
    is_tls = parts.scheme == "https"
    if not is_tls and not is_private_host(host, private_hosts):
        raise WebhookUnusable(f"plain http goes only to hosts in RUNMAIL_WEBHOOK_PRIVATE_HOSTS: use https for {host}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebhookAddress(host, port or (443 if is_tls else 80), is_tls, target)


def is_private_host(host: str, private_hosts: Collection[str]) -> bool:
    """Say whether the operator named this very host as one that may have a private address."""
    return host.lower() in private_hosts


def shown_url(url: str) -> str:
    """Return an address as it may be shown: what stands in its query may be a token."""
    head, mark, _ = url.partition("?")
    return f"{head}?…" if mark else head


def new_secret() -> str:
    """Make a secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(NEW_SECRET)).decode("ascii")


def secret_bytes(secret: str) -> bytes:
    """Return the key of a secret's text.

    Raises:
        WebhookUnusable: when it is not `whsec_` and the base64 of 24 to 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST_SECRET <= len(key) <= MOST_SECRET:
        raise WebhookUnusable(f"a secret is {PREFIX} and the base64 of {LEAST_SECRET} to {MOST_SECRET} bytes")
    return key
