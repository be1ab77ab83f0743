"""A profile's settings by the names of the profiles file: for showing them, and for naming what changes.

Credentials are no part of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.profile import ImapSettings, Profile, SmtpSettings


def describe(profile: Profile) -> dict[str, Any]:
    """Return the settings as one `[[profile]]` of a profiles file has them."""
    described: dict[str, Any] = {
        "name": profile.name,
        "from": write_mailbox(profile.from_name, profile.from_address),
        "enabled": profile.enabled,
        "recipients": list(profile.recipients),
        "reply_to": profile.reply_to,
        "allowed_recipients": list(profile.allowed_recipients),
        "timezone": profile.timezone,
        "note": profile.note,
        "on_uncertain": profile.on_uncertain.value,
        "failover": profile.failover,
        "plus_addressing": profile.plus_addressing,
        "authserv_id": profile.authserv_id,
        "actors": list(profile.actors),
        "allow_rerun": profile.allow_rerun,
        "retention_days": profile.retention_days,
        "credential_expires": profile.credential_expires.isoformat() if profile.credential_expires else None,
        "templates": profile.templates,
        "smtp": _server(profile.smtp),
        "imap": _imap(profile.imap) if profile.imap else None,
        "limits": {
            "connections": profile.limits.connections,
            "per_minute": profile.limits.per_minute,
            "per_day": profile.limits.per_day,
        },
    }
    return described


def differences(before: Profile, after: Profile) -> Iterator[str]:
    """Yield the settings that differ, as `smtp.host`; a service that comes or goes is named as a whole."""
    old, new = describe(before), describe(after)
    for name, value in old.items():
        other = new[name]
        if isinstance(value, dict) and isinstance(other, dict):
            yield from (f"{name}.{key}" for key in value if value[key] != other[key])
        elif value != other:
            yield name


def write_mailbox(name: str, address: str) -> str:
    """Return `Name <address>`, or the bare address without a name; `read_mailbox` reads both back."""
    if not name:
        return address
    if name != name.strip() or (len(name) > 1 and name[0] == name[-1] == '"'):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{address}>"


def _imap(settings: ImapSettings) -> dict[str, Any]:
    reading = {"folders": list(settings.folders), "keyword": settings.keyword, "move_to": settings.move_to}
    return _server(settings) | reading


def _server(settings: SmtpSettings | ImapSettings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "security": settings.security.value,
        "username": settings.username,
        "ca_file": settings.ca_file,
    }
