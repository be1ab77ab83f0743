"""The tables of what answers have brought about: suppressions, mutes, acknowledgements, commands that took effect.

A scope is a hash of what a mail is about (`scopes`); `about` is the same in words, for people. Times are milliseconds
since 1970 UTC. No foreign keys: what people asked for outlives the mail in answer to which they did.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index
from sqlmodel import Field, SQLModel

from consumers.ledger.tables import RowId


def _moment() -> Column[int]:
    return Column(BigInteger, nullable=False)


class BounceScoreRow(SQLModel, table=True):
    """How badly mail to an address has bounced, as it stood at `scored_at`; it decays (`bounce_score`)."""

    __tablename__ = "bounce_score"

    recipient_key: str = Field(primary_key=True)
    score: float = Field(sa_column=Column(Float, nullable=False))
    scored_at: int = Field(sa_column=_moment())


class SuppressionRow(SQLModel, table=True):
    """An address that gets no mail at all; `until` null: until a person removes it."""

    __tablename__ = "suppression"
    __table_args__ = (Index("suppression_created", "created_at"),)

    recipient_key: str = Field(primary_key=True)
    recipient: str
    reason: str
    note: str = ""
    until: int | None = Field(default=None, sa_column=Column(BigInteger))
    created_at: int = Field(sa_column=_moment())


class MuteRow(SQLModel, table=True):
    """A recipient who wants no mail about something: for a while (`muted`), or any more (`stopped`, `until` null)."""

    __tablename__ = "mute"
    __table_args__ = (
        Index("mute_scope", "scope", "recipient_key", "kind", unique=True),
        Index("mute_delivery", "delivery_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    scope: str
    recipient_key: str
    recipient: str
    kind: str
    about: str
    asked_by: str
    delivery_id: int = Field(sa_column=Column(RowId, nullable=False))
    until: int | None = Field(default=None, sa_column=Column(BigInteger))
    created_at: int = Field(sa_column=_moment())


class AcknowledgementRow(SQLModel, table=True):
    """Somebody has taken an alert in hand: it is not repeated until it is resolved or gets more severe."""

    __tablename__ = "acknowledgement"
    __table_args__ = (
        Index("acknowledgement_scope", "scope"),
        Index("acknowledgement_event", "event_row"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    scope: str
    #: The severity that was acknowledged, as a rank (`scopes`).
    severity: int
    taken_by: str
    about: str
    #: The event whose mail was answered, and the one that said that the alert is resolved.
    event_row: int = Field(sa_column=Column(RowId, nullable=False))
    ended_row: int | None = Field(default=None, sa_column=Column(RowId))
    created_at: int = Field(sa_column=_moment())


class AlertEndRow(SQLModel, table=True):
    """The last event that said that an alert is resolved: who acknowledges an earlier one comes too late."""

    __tablename__ = "alert_end"

    scope: str = Field(primary_key=True)
    event_row: int = Field(sa_column=Column(RowId, nullable=False))


class IssuedCommandRow(SQLModel, table=True):
    """A command that took effect; each once in answer to a mail, whoever sends it again."""

    __tablename__ = "issued_command"
    __table_args__ = (
        Index("issued_command_once", "delivery_id", "command", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    delivery_id: int = Field(sa_column=Column(RowId, nullable=False))
    command: str
    reply_id: int = Field(sa_column=Column(RowId, nullable=False))
    issued_by: str
    created_at: int = Field(sa_column=_moment())


bounce_scores = SQLModel.metadata.tables["bounce_score"]
suppressions = SQLModel.metadata.tables["suppression"]
mutes = SQLModel.metadata.tables["mute"]
acknowledgements = SQLModel.metadata.tables["acknowledgement"]
alert_ends = SQLModel.metadata.tables["alert_end"]
issued_commands = SQLModel.metadata.tables["issued_command"]
