"""sign: the headers of a webhook request (Standard Webhooks 1.0, "Signature scheme"); pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from profiles.webhook_address import secret_bytes


def sign(secrets: Sequence[str], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers; `timestamp` is seconds since 1970 UTC, of this attempt and not of the event.

    One signature for each secret, the newest first, so that a receiver may change to a new one in its own time.
    """
    signed = f"{event_id}.{timestamp}.".encode("ascii") + body
    signatures = [
        "v1," + base64.b64encode(hmac.new(secret_bytes(secret), signed, hashlib.sha256).digest()).decode("ascii")
        for secret in secrets
    ]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
