"""A profile's settings as a person writes them, checked field by field: in a profiles file or as answers to questions.

`SettingsForm` mirrors one `[[profile]]` table; `form_faults` puts what is wrong in words. It knows no database:
whether a name is free or a password is needed again, others say.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from profiles.addresses import is_allowed, read_address, read_mailbox
from profiles.profile import ImapSettings, Limits, OnUncertain, Profile, Security, SmtpSettings
from profiles.secret_source import Password
from profiles.setting_types import (
    AddressText,
    AllowedText,
    AtLeastOne,
    CaFile,
    Folder,
    HostText,
    Keyword,
    MailboxText,
    Note,
    Port,
    ProfileName,
    TemplateSet,
    Token,
    Username,
    ZoneText,
)
from profiles.usual_ports import settle

Addresses = Annotated[tuple[AddressText, ...], Field(max_length=1000)]


class _Table(BaseModel):
    """A table of the file: unknown keys are refused, and no input is ever repeated in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class SmtpForm(_Table):
    """`[profile.smtp]`."""

    host: HostText
    port: Port | None = None
    security: Security | None = None
    username: Username | None = None
    password: Password | None = None
    ca_file: CaFile | None = None


class ImapForm(_Table):
    """`[profile.imap]`."""

    host: HostText
    username: Username
    port: Port | None = None
    security: Security | None = None
    password: Password | None = None
    ca_file: CaFile | None = None
    folders: Annotated[tuple[Folder, ...], Field(min_length=1, max_length=100)] = ("INBOX",)
    keyword: Keyword | None = None
    move_to: Folder | None = None

    @model_validator(mode="after")
    def _moves_elsewhere(self) -> ImapForm:
        if self.move_to in self.folders:
            raise ValueError("move_to: is a folder that is read; mails would be moved for ever")
        return self


class LimitsForm(_Table):
    """`[profile.limits]`."""

    connections: AtLeastOne | None = None
    per_minute: AtLeastOne | None = None
    per_day: AtLeastOne | None = None


class SettingsForm(_Table):
    """One `[[profile]]`."""

    name: ProfileName
    from_: MailboxText = Field(alias="from")
    smtp: SmtpForm
    imap: ImapForm | None = None
    limits: LimitsForm = LimitsForm()
    recipients: Addresses = ()
    allowed_recipients: Annotated[tuple[AllowedText, ...], Field(max_length=1000)] = ()
    enabled: bool = True
    reply_to: AddressText | None = None
    timezone: ZoneText = "UTC"
    note: Note = ""
    on_uncertain: OnUncertain = OnUncertain.RESEND
    failover: ProfileName | None = None
    plus_addressing: bool = False
    authserv_id: Token | None = None
    actors: Annotated[tuple[AllowedText, ...], Field(max_length=1000)] = ()
    allow_rerun: bool = False
    retention_days: AtLeastOne | None = None
    credential_expires: date | None = None
    templates: TemplateSet | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> SettingsForm:
        keys = [read_address(text).key for text in self.recipients]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"recipients: {', '.join(twice)} stands there twice")
        for text in self.recipients:
            if not is_allowed(read_address(text), self.allowed_recipients):
                raise ValueError(f"recipients: {text} is not among allowed_recipients")
        if self.failover == self.name:
            raise ValueError("failover: a profile cannot take over from itself")
        if self.smtp.password is not None and self.smtp.username is None:
            raise ValueError("smtp.password: there is no username it could belong to")
        return self

    def to_profile(self) -> Profile:
        """Return the profile these settings describe, without an id."""
        name, address = read_mailbox(self.from_)
        port, security = settle("smtp", self.smtp.port, self.smtp.security)
        imap = None
        if self.imap is not None:
            imap_port, imap_security = settle("imap", self.imap.port, self.imap.security)
            imap = ImapSettings(
                host=self.imap.host,
                port=imap_port,
                security=imap_security,
                username=self.imap.username,
                ca_file=self.imap.ca_file,
                folders=self.imap.folders,
                keyword=self.imap.keyword,
                move_to=self.imap.move_to,
            )
        return Profile(
            id=0,
            name=self.name,
            from_address=address.wire,
            from_name=name,
            smtp=SmtpSettings(self.smtp.host, port, security, self.smtp.username, self.smtp.ca_file),
            imap=imap,
            limits=Limits(self.limits.connections, self.limits.per_minute, self.limits.per_day),
            recipients=self.recipients,
            allowed_recipients=self.allowed_recipients,
            enabled=self.enabled,
            reply_to=self.reply_to,
            timezone=self.timezone,
            note=self.note,
            on_uncertain=self.on_uncertain,
            failover=self.failover,
            plus_addressing=self.plus_addressing,
            authserv_id=self.authserv_id,
            actors=self.actors,
            allow_rerun=self.allow_rerun,
            retention_days=self.retention_days,
            credential_expires=self.credential_expires,
            templates=self.templates,
        )
