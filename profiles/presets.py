"""Presets: what is known of common mail services, so that nobody has to look it up. One table.

A preset fills what an admin leaves open and never overrides what was said. Limits are what the service allows an
account of the usual kind; a limit delays mail and never drops it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from profiles.profile import Limits, Security


class PresetName(StrEnum):
    """The services there is a preset for."""

    MICROSOFT365 = "microsoft365"
    GOOGLE = "google"
    FASTMAIL = "fastmail"
    SES = "ses"
    MAILGUN = "mailgun"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a service listens; `{region}` in the host stands for the region."""

    host: str
    port: int
    security: Security


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of one mail service.

    `credential_at` says where the password for programs is made, None where none is needed; `notes` are plain
    sentences an admin should have read. `region` is the usual one of a service that has several, and
    `region_hosts` names hosts that differ from the pattern.
    """

    title: str
    smtp: Server
    credential_at: str | None
    notes: tuple[str, ...] = ()
    imap: Server | None = None
    limits: Limits = field(default_factory=Limits)
    region: str | None = None
    region_hosts: Mapping[str, str] = field(default_factory=dict)

    def table(self, region: str | None = None) -> dict[str, Any]:
        """Return the preset as the `smtp`, `imap` and `limits` of a `[[profile]]` table, for a region if it has any.

        Raises:
            ValueError: for a region where the service has none, or a text that is no region.
        """
        limits = {
            "connections": self.limits.connections,
            "per_minute": self.limits.per_minute,
            "per_day": self.limits.per_day,
        }
        table: dict[str, Any] = {
            "smtp": _server(self.smtp, self._host(region)),
            "limits": {name: value for name, value in limits.items() if value is not None},
        }
        if self.imap is not None:
            table["imap"] = _server(self.imap, self.imap.host)
        return table

    def _host(self, region: str | None) -> str:
        if region is None:
            region = self.region
        elif self.region is None:
            raise ValueError(f"{self.title} has no regions")
        if self.region_hosts and region not in self.region_hosts:
            raise ValueError(f"regions of {self.title} are {', '.join(self.region_hosts)}")
        if region is not None and not region.replace("-", "").isalnum():
            raise ValueError(f"“{region}” is no region")
        return self.region_hosts.get(region or "", self.smtp.host.format(region=region))


PRESETS: dict[PresetName, Preset] = {
    # Limits: learn.microsoft.com, “Exchange Online limits” and 432 4.3.2 for a fourth connection.
    PresetName.MICROSOFT365: Preset(
        title="Microsoft 365",
        smtp=Server("smtp.office365.com", 587, Security.STARTTLS),
        imap=Server("outlook.office365.com", 993, Security.TLS),
        limits=Limits(connections=3, per_minute=30, per_day=10_000),
        credential_at="https://mysignins.microsoft.com/security-info (app password)",
        notes=(
            "An admin must allow authenticated SMTP for the mailbox: admin centre, the user, Mail, Email apps.",
            "Microsoft is ending logins by password for SMTP, and has ended them for IMAP.",
            "An account with multi-factor login needs an app password.",
        ),
    ),
    # Limits: support.google.com/a/answer/166852 (2,000 a day for Workspace, 500 for gmail.com).
    PresetName.GOOGLE: Preset(
        title="Google Workspace and Gmail",
        smtp=Server("smtp.gmail.com", 465, Security.TLS),
        imap=Server("imap.gmail.com", 993, Security.TLS),
        limits=Limits(per_day=2_000),
        credential_at="https://myaccount.google.com/apppasswords",
        notes=(
            "The account's own password is not taken: turn on 2-step verification, then make an app password.",
            "2,000 mails a day are for Workspace; a gmail.com address may send 500: set that as the limit of a day.",
        ),
    ),
    PresetName.FASTMAIL: Preset(
        title="Fastmail",
        smtp=Server("smtp.fastmail.com", 465, Security.TLS),
        imap=Server("imap.fastmail.com", 993, Security.TLS),
        credential_at="Settings, Privacy & Security, Manage app passwords and access",
        notes=("The account's own password is not taken: make an app password for mail.",),
    ),
    # Limits: docs.aws.amazon.com/ses/latest/dg/quotas.html (the sandbox's; others differ by account).
    PresetName.SES: Preset(
        title="Amazon SES",
        smtp=Server("email-smtp.{region}.amazonaws.com", 587, Security.STARTTLS),
        limits=Limits(per_minute=60, per_day=200),
        credential_at="SES console, SMTP settings, Create SMTP credentials",
        notes=(
            "User and password are SMTP credentials of the region, not the keys of an AWS user.",
            "The limits are those of a new account (the sandbox): raise them when yours are higher.",
            "The sender must be a verified identity; SES gives each mail a Message-ID of its own.",
        ),
        region="eu-central-1",
    ),
    PresetName.MAILGUN: Preset(
        title="Mailgun",
        smtp=Server("smtp.mailgun.org", 587, Security.STARTTLS),
        credential_at="Mailgun dashboard, Sending, Domain settings, SMTP credentials",
        notes=("The user is an address of the sending domain, such as postmaster@mg.example.com.",),
        region="us",
        region_hosts={"us": "smtp.mailgun.org", "eu": "smtp.eu.mailgun.org"},
    ),
    PresetName.LOCAL: Preset(
        title="A relay on this machine",
        smtp=Server("localhost", 25, Security.NONE),
        credential_at=None,
        notes=("The relay takes mail of its own machine without a login, and passes it on as it is set up.",),
    ),
}


def _server(server: Server, host: str) -> dict[str, Any]:
    return {"host": host, "port": server.port, "security": server.security}
