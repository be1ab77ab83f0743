"""A Profile: a named mail account, as the rest of runmail sees it.

These are frozen values. They know nothing of the database that keeps them, of the sealing of their
credentials (`sealing`), or of the servers they describe (`smtp_link`, `imap_link`). A credential is never a
field here: it is opened beside the profile, for the moment it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Security(StrEnum):
    """How a connection is protected; `starttls` is required, never opportunistic (RFC 3207, RFC 8314)."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class OnUncertain(StrEnum):
    """What follows when nobody knows whether the server took a mail."""

    RESEND = "resend"
    HOLD = "hold"


#: SMTP connections one worker process keeps per profile when the profile sets no limit; enough to hide round
#: trips to a relay and below what every large provider allows except Microsoft 365 (3).
DEFAULT_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where and how mail is handed over. `ca_file` adds an authority, it never switches verification off."""

    host: str
    port: int
    security: Security = Security.TLS
    username: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where answers are read. `keyword` and `move_to` mark mails that were dealt with; without them nothing changes."""

    host: str
    port: int
    security: Security = Security.TLS
    username: str | None = None
    ca_file: str | None = None
    folders: tuple[str, ...] = ("INBOX",)
    keyword: str | None = None
    move_to: str | None = None

    @property
    def marks(self) -> bool:
        """Whether mails that were dealt with are marked."""
        return self.keyword is not None or self.move_to is not None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the provider allows; a limit delays mail and never drops it. None means no limit."""

    connections: int | None = None
    per_minute: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A named mail account: SMTP settings and, optionally, IMAP settings.

    `from_address` is the bare address (RFC 5321 Mailbox) used as envelope sender; `from_name` the display
    name beside it. `recipients` are the defaults for events that name none; `allowed_recipients` are
    addresses and domains (`example.com`, or `*.example.com` for sub-domains), empty meaning anyone.
    `actors` are addresses and domains that may answer commands for a recipient that is a list; `allow_rerun` lets a
    verified answer ask for a new run. `credential_expires` is the last day its password is good for, as its owner
    knows it; `templates` names a set of mail templates, None meaning the usual one. `former_names` still find the
    profile; the store keeps them, and what a draft says of them is not looked at.
    """

    id: int
    name: str
    from_address: str
    smtp: SmtpSettings
    from_name: str = ""
    recipients: tuple[str, ...] = ()
    imap: ImapSettings | None = None
    limits: Limits = field(default_factory=Limits)
    enabled: bool = True
    reply_to: str | None = None
    allowed_recipients: tuple[str, ...] = ()
    timezone: str = "UTC"
    note: str = ""
    on_uncertain: OnUncertain = OnUncertain.RESEND
    failover: str | None = None
    plus_addressing: bool = False
    authserv_id: str | None = None
    actors: tuple[str, ...] = ()
    allow_rerun: bool = False
    retention_days: int | None = None
    credential_expires: date | None = None
    templates: str | None = None
    former_names: tuple[str, ...] = ()

    @property
    def connections(self) -> int:
        """SMTP connections one worker process may keep to this profile's server."""
        return self.limits.connections or DEFAULT_CONNECTIONS
