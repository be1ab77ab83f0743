"""The tables of what runmail publishes: events, and their deliveries to handlers and webhooks.

Times are integer milliseconds since 1970 UTC, lease times of the lease clock. An outgoing event is written in the
commit of what it tells; where it goes is decided afterwards, once (`routed_at`).
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from consumers.ledger.tables import RowId


class TargetKind(StrEnum):
    """What an event is delivered to: a Python function, or an address of the web."""

    HANDLER = "handler"
    WEBHOOK = "webhook"


class OutgoingState(StrEnum):
    """How a delivery of an outgoing event stands: still to do, taken by its target, or given up until a person asks."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


class OutgoingEventRow(SQLModel, table=True):
    """A fact that runmail publishes."""

    __tablename__ = "outgoing_event"
    __table_args__ = (
        Index("outgoing_event_id", "event_id", unique=True),
        Index("outgoing_event_routed", "routed_at", "id"),
        # `replies follow` goes on behind an id: none may come back.
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    event_id: str = Field(max_length=64)
    type: str = Field(max_length=200)
    #: No foreign key: what was published outlives a removed profile.
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    #: The event as JSON, exactly the bytes that are signed and sent.
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: When its deliveries were made; None until then.
    routed_at: int | None = Field(default=None, sa_column=Column(BigInteger))


class OutgoingDeliveryRow(SQLModel, table=True):
    """One outgoing event to one target: the name of a handler, or the id of a webhook as text."""

    __tablename__ = "outgoing_delivery"
    __table_args__ = (
        Index("outgoing_delivery_target", "event_row", "kind", "target", unique=True),
        Index("outgoing_delivery_due", "state", "kind", "target", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    event_row: int = Field(sa_column=Column(RowId, ForeignKey("outgoing_event.id"), nullable=False))
    kind: str = Field(max_length=16)
    target: str = Field(max_length=200)
    state: str = Field(max_length=16)
    reason: str | None = Field(default=None, max_length=64)
    #: Counted at the claim, so that a crash counts too.
    attempts: int = 0
    due_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: Counts claims; what an earlier owner writes no longer counts.
    fence: int = 0
    lease_epoch: str | None = None
    lease_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    last_answer: str | None = Field(default=None, sa_column=Column(Text))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))


outgoing_events = SQLModel.metadata.tables["outgoing_event"]
outgoing_deliveries = SQLModel.metadata.tables["outgoing_delivery"]
