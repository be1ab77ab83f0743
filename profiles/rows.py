"""Between a profile's row and the frozen Profile: pure, both ways.

Credentials pass it by: they are sealed and opened in `store`.
"""

from __future__ import annotations

from typing import Any

from profiles.last_test import LastTest
from profiles.profile import ImapSettings, Limits, OnUncertain, Profile, Security, SmtpSettings
from profiles.sealing import Place, Service
from profiles.tables import ProfileRow

#: The settings a credential is bound to, by the name a person reads.
BOUND = ("host", "port", "security", "username")


def to_profile(row: ProfileRow) -> Profile:
    """Return the Profile that a kept row describes."""
    assert row.id is not None
    imap = None
    if row.imap_host is not None:
        assert row.imap_port is not None
        assert row.imap_security is not None
        imap = ImapSettings(
            host=row.imap_host,
            port=row.imap_port,
            security=Security(row.imap_security),
            username=row.imap_username,
            ca_file=row.imap_ca_file,
            folders=tuple(row.imap_folders),
            keyword=row.imap_keyword,
            move_to=row.imap_move_to,
        )
    return Profile(
        id=row.id,
        name=row.name,
        from_address=row.from_address,
        from_name=row.from_name,
        recipients=tuple(row.recipients),
        allowed_recipients=tuple(row.allowed_recipients),
        smtp=SmtpSettings(
            host=row.smtp_host,
            port=row.smtp_port,
            security=Security(row.smtp_security),
            username=row.smtp_username,
            ca_file=row.smtp_ca_file,
        ),
        imap=imap,
        limits=Limits(row.connections, row.per_minute, row.per_day),
        enabled=row.enabled,
        reply_to=row.reply_to,
        timezone=row.timezone,
        note=row.note,
        on_uncertain=OnUncertain(row.on_uncertain),
        failover=row.failover,
        plus_addressing=row.plus_addressing,
        authserv_id=row.authserv_id,
        actors=tuple(row.actors),
        allow_rerun=row.allow_rerun,
        retention_days=row.retention_days,
        credential_expires=row.credential_expires,
        templates=row.templates,
        former_names=tuple(row.former_names),
    )


def columns(profile: Profile) -> dict[str, Any]:
    """Return the columns that say what `profile` says: all but id, former names, credentials, tests and times."""
    imap = profile.imap
    return {
        "name": profile.name,
        "enabled": profile.enabled,
        "from_address": profile.from_address,
        "from_name": profile.from_name,
        "reply_to": profile.reply_to,
        "recipients": list(profile.recipients),
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
        "credential_expires": profile.credential_expires,
        "templates": profile.templates,
        "smtp_host": profile.smtp.host,
        "smtp_port": profile.smtp.port,
        "smtp_security": profile.smtp.security.value,
        "smtp_username": profile.smtp.username,
        "smtp_ca_file": profile.smtp.ca_file,
        "imap_host": imap.host if imap else None,
        "imap_port": imap.port if imap else None,
        "imap_security": imap.security.value if imap else None,
        "imap_username": imap.username if imap else None,
        "imap_ca_file": imap.ca_file if imap else None,
        "imap_folders": list(imap.folders) if imap else [],
        "imap_keyword": imap.keyword if imap else None,
        "imap_move_to": imap.move_to if imap else None,
        "connections": profile.limits.connections,
        "per_minute": profile.limits.per_minute,
        "per_day": profile.limits.per_day,
    }


def place(profile: Profile, service: Service) -> Place | None:
    """Return where the service's credential belongs; None for a service without a user."""
    settings = profile.smtp if service == "smtp" else profile.imap
    if settings is None or settings.username is None:
        return None
    return Place(profile.id, service, settings.host, settings.port, settings.security.value, settings.username)


def moved(before: Profile, after: Profile, service: Service) -> tuple[str, ...]:
    """Name the settings that changed and that the service's credential is bound to."""
    old = before.smtp if service == "smtp" else before.imap
    new = after.smtp if service == "smtp" else after.imap
    if old is None or new is None:
        return () if old is new else BOUND
    return tuple(name for name in BOUND if getattr(old, name) != getattr(new, name))


def last_tests(row: ProfileRow) -> dict[Service, LastTest]:
    """Return the last test of each service that was ever tested."""
    found: dict[Service, LastTest] = {}
    if row.smtp_tested_at is not None:
        found["smtp"] = LastTest(
            row.smtp_tested_at, row.smtp_test_reached or "", row.smtp_test_reason, row.smtp_certificate_expires
        )
    if row.imap_tested_at is not None:
        found["imap"] = LastTest(
            row.imap_tested_at, row.imap_test_reached or "", row.imap_test_reason, row.imap_certificate_expires
        )
    return found


def columns_of_test(service: Service, test: LastTest | None) -> dict[str, Any]:
    """Return the columns that keep a service's last test; None forgets it."""
    return {
        f"{service}_tested_at": test.at if test else None,
        f"{service}_test_reached": test.reached if test else None,
        f"{service}_test_reason": test.reason if test else None,
        f"{service}_certificate_expires": test.certificate_expires if test else None,
    }


def sealed(row: ProfileRow, service: Service) -> bytes | None:
    """Return what is sealed for a service."""
    return row.smtp_sealed if service == "smtp" else row.imap_sealed
