"""The tables of webhooks and of the secrets they are signed with.

Times are milliseconds UTC. Of a webhook's secrets the newest signs for ever; while it is rotated an older one signs
beside it until its end.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary
from sqlmodel import Field, SQLModel

_RowId = BigInteger().with_variant(Integer, "sqlite")


class WebhookRow(SQLModel, table=True):
    """An address that gets the outgoing events of a profile."""

    __tablename__ = "webhook"
    # An id that was given away never comes back: secrets and deliveries name it.
    __table_args__ = (Index("webhook_profile", "profile_id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=Column(_RowId, primary_key=True))
    profile_id: int = Field(sa_column=Column(_RowId, nullable=False))
    url: str = Field(max_length=2048)
    #: The types it wants; empty: all.
    types: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    #: Why nothing is sent to it any more; None while it is used.
    off_reason: str | None = Field(default=None, max_length=64)
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class WebhookSecretRow(SQLModel, table=True):
    """A secret of a webhook, sealed for it and its address."""

    __tablename__ = "webhook_secret"
    __table_args__ = (Index("webhook_secret_webhook", "webhook_id"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=Column(_RowId, primary_key=True))
    webhook_id: int = Field(sa_column=Column(_RowId, ForeignKey("webhook.id"), nullable=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    #: When it signs no more; None for the newest.
    ends_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))


webhooks = SQLModel.metadata.tables["webhook"]
webhook_secrets = SQLModel.metadata.tables["webhook_secret"]
