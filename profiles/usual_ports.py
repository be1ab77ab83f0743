"""Which port goes with which protection (RFC 8314): each follows from the other when only one is given."""

from __future__ import annotations

from profiles.profile import Security
from profiles.sealing import Service

USUAL: dict[Service, dict[Security, int]] = {
    "smtp": {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25},
    "imap": {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143},
}


def usual_port(service: Service, security: Security) -> int:
    """Return the port where a service speaks with that protection."""
    return USUAL[service][security]


def usual_security(service: Service, port: int) -> Security:
    """Return the protection usual at a port; STARTTLS at a port that tells nothing, and never none."""
    return Security.TLS if port == USUAL[service][Security.TLS] else Security.STARTTLS


def settle(service: Service, port: int | None, security: Security | None) -> tuple[int, Security]:
    """Return port and protection, each from the other where it is not given; TLS where neither is."""
    if security is None:
        security = Security.TLS if port is None else usual_security(service, port)
    return port or usual_port(service, security), security
