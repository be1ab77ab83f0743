"""The tables `profile` and `profile_change`: profiles with their sealed credentials, and who changed what.

Times are milliseconds UTC in a BIGINT, so that SQLite and PostgreSQL agree on them; lists are JSON. What the
columns mean stands in `profile`; this file knows how they are kept and nothing of opening what is sealed.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, text
from sqlmodel import Field, SQLModel


def _moment() -> Any:
    """Make the column of a moment in milliseconds UTC, or of none."""
    return Field(default=None, sa_type=BigInteger)


class ProfileRow(SQLModel, table=True):
    """A profile as it is kept. `smtp_sealed` and `imap_sealed` open only with `sealing` and for this row."""

    __tablename__ = "profile"
    # An id that was given away never comes back: a credential sealed for a deleted profile must not find a
    # new one.
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=100, unique=True)
    enabled: bool = True
    from_address: str = Field(max_length=254)
    from_name: str = Field(default="", max_length=200)
    reply_to: str | None = Field(default=None, max_length=254)
    recipients: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    allowed_recipients: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    timezone: str = Field(default="UTC", max_length=64)
    note: str = Field(default="", max_length=2000)
    on_uncertain: str = Field(default="resend", max_length=16)
    failover: str | None = Field(default=None, max_length=100)
    plus_addressing: bool = False
    authserv_id: str | None = Field(default=None, max_length=255)
    actors: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default=text("'[]'")))
    allow_rerun: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    retention_days: int | None = None
    credential_expires: date | None = None
    templates: str | None = Field(default=None, max_length=64)
    # The default of the database serves programs that are older than the column.
    former_names: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default=text("'[]'"))
    )

    smtp_host: str = Field(max_length=255)
    smtp_port: int
    smtp_security: str = Field(max_length=16)
    smtp_username: str | None = Field(default=None, max_length=320)
    smtp_ca_file: str | None = Field(default=None, max_length=1024)
    smtp_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)

    imap_host: str | None = Field(default=None, max_length=255)
    imap_port: int | None = None
    imap_security: str | None = Field(default=None, max_length=16)
    imap_username: str | None = Field(default=None, max_length=320)
    imap_ca_file: str | None = Field(default=None, max_length=1024)
    imap_folders: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    imap_keyword: str | None = Field(default=None, max_length=64)
    imap_move_to: str | None = Field(default=None, max_length=255)
    imap_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)

    connections: int | None = None
    per_minute: int | None = None
    per_day: int | None = None

    smtp_tested_at: int | None = _moment()
    smtp_test_reached: str | None = Field(default=None, max_length=32)
    smtp_test_reason: str | None = Field(default=None, max_length=64)
    smtp_certificate_expires: int | None = _moment()
    imap_tested_at: int | None = _moment()
    imap_test_reached: str | None = Field(default=None, max_length=32)
    imap_test_reason: str | None = Field(default=None, max_length=64)
    imap_certificate_expires: int | None = _moment()

    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)


class ProfileChangeRow(SQLModel, table=True):
    """One entry of the audit trail. No foreign key: the trail outlives the profile."""

    __tablename__ = "profile_change"
    __table_args__ = (
        Index("profile_change_profile", "profile_id", "id"),
        Index("profile_change_name", "profile"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    )
    at: int = Field(sa_type=BigInteger)
    profile_id: int
    #: The profile's name after the change; of a removed one its last.
    profile: str = Field(max_length=100)
    action: str = Field(max_length=32)
    who: str = Field(max_length=200)
    via: str = Field(max_length=32)
    host: str = Field(max_length=255)
    #: Setting: [before, after]; of a password only that it changed.
    changes: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
