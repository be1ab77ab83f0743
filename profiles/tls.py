"""TLS as every connection of ours uses it: version 1.2 at least, certificate and host name always verified.

A profile's CA file adds an authority to the system's; nothing switches verification off.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from profiles.errors import TransientMailError
from profiles.verbs import Verb


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the server showed, and how it is spoken with; `expires` is milliseconds UTC."""

    protocol: str
    expires: int
    issuer: str
    subject: str


def client_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Return a verifying context, trusting the system's authorities and those in `ca_file` (PEM).

    Contexts are kept and shared, since loading the system's authorities costs tens of milliseconds; a changed
    file is read again.

    Raises:
        TransientMailError: `ca_file_unusable` when the file cannot be read or holds no certificate.
    """
    try:
        stamp = Path(ca_file).stat().st_mtime_ns if ca_file else 0
        return _context(ca_file, stamp)
    except OSError as error:  # ssl.SSLError is one
        said = error.strerror or getattr(error, "reason", None) or ""
        raise TransientMailError("ca_file_unusable", verb=Verb.TLS, answer=said) from None


@lru_cache(maxsize=64)
def _context(ca_file: str | None, stamp: int) -> ssl.SSLContext:
    """Build a context; `stamp` only makes a changed file another key of the cache."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def read_certificate(connection: Any) -> Certificate | None:
    """Return what a verified TLS connection (ssl.SSLObject or ssl.SSLSocket) shows; None without TLS."""
    shown = connection.getpeercert() if connection is not None else None
    if not shown:
        return None
    return Certificate(
        protocol=connection.version() or "",
        expires=int(ssl.cert_time_to_seconds(str(shown["notAfter"]))) * 1000,
        issuer=_name(shown.get("issuer", ())),
        subject=_name(shown.get("subject", ())),
    )


def _name(parts: Any) -> str:
    """Return the most telling part of a distinguished name: organisation and common name."""
    flat = {key: value for group in parts for key, value in group}
    named = [flat[key] for key in ("organizationName", "commonName") if flat.get(key)]
    return ", ".join(dict.fromkeys(named))
