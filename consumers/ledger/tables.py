"""The tables of the ledger.

Times are integer milliseconds since 1970 UTC, so that SQLite and PostgreSQL compare them alike. Lease times are
milliseconds of the lease clock (`lease`), never of a wall clock. Identities are unique by the database, not by
care: one event per (source, id) outside quarantine, one delivery per event and recipient.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

#: SQLite numbers rows by itself only in a column of type INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

OUTSIDE_QUARANTINE = text("state <> 'quarantined'")


class EventRow(SQLModel, table=True):
    """An event as it was accepted, or the bytes that could not be."""

    __tablename__ = "event"
    __table_args__ = (
        Index(
            "event_identity",
            "source",
            "event_id",
            unique=True,
            sqlite_where=OUTSIDE_QUARANTINE,
            postgresql_where=OUTSIDE_QUARANTINE,
        ),
        Index("event_state", "state", "id"),
        Index("event_body", "body_sha256"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    source: str | None = None
    event_id: str | None = None
    type: str | None = None
    profile: str | None = None
    #: The event as JSON; for what could not be read the bytes as they came, at most 4 MB of them.
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    body_size: int = Field(sa_column=Column(BigInteger, nullable=False))
    body_sha256: str
    #: Hash of type and data: equal for a repeat, different for a conflict.
    fingerprint: str | None = None
    state: str
    reason: str | None = None
    #: What is wrong, for people; names fields, never repeats the input.
    detail: str | None = Field(default=None, sa_column=Column(Text))
    starts: int = 0
    lease_epoch: str | None = None
    lease_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    published_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    recorded_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class DeliveryRow(SQLModel, table=True):
    """One event to one recipient."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_recipient", "event_row", "recipient_key", unique=True),
        Index("delivery_due", "profile_id", "state", "due_at"),
        Index("delivery_state", "state", "id"),
        Index("delivery_pace", "profile_id", "claimed_at"),
        # Neither column ever changes: they cost at planning alone. People look mail up by them.
        Index("delivery_created", "created_at", "id"),
        Index("delivery_address", "recipient_key", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    event_row: int = Field(sa_column=Column(RowId, ForeignKey("event.id"), nullable=False))
    #: The address that goes into RCPT TO; for an unusable one the text as the event wrote it.
    recipient: str
    recipient_key: str
    #: No foreign key: the books outlive a removed profile.
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    profile: str
    state: str
    reason: str | None = None
    due_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    owner: str | None = None
    lease_epoch: str | None = None
    lease_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: Counts claims; what an earlier owner writes no longer counts.
    fence: int = 0
    #: True from the commit before DATA to the commit of its answer.
    at_data: bool = False
    starts: int = 0
    attempts: int = 0
    maybe_twice: bool = False
    message_id: str | None = None
    last_answer: str | None = Field(default=None, sa_column=Column(Text))
    claimed_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    sent_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: A later fact that changes no state: whether and why the mail did not arrive (`states.Bounced`).
    bounced: str | None = None
    bounced_status: str | None = None
    bounced_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class AttemptRow(SQLModel, table=True):
    """One try at a delivery; `fence` is the delivery's at the time and numbers its attempts."""

    __tablename__ = "attempt"
    # With the outcome, so that the mails of a profile by day are counted without a look at the rows.
    __table_args__ = (Index("attempt_profile", "profile_id", "started_at", "outcome"),)

    delivery_id: int = Field(sa_column=Column(RowId, ForeignKey("delivery.id"), primary_key=True))
    fence: int = Field(primary_key=True)
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    outcome: str
    reason: str | None = None
    code: int | None = None
    status: str | None = None
    answer: str | None = Field(default=None, sa_column=Column(Text))
    started_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    ended_at: int | None = Field(default=None, sa_column=Column(BigInteger))


class AwaitedRunRow(SQLModel, table=True):
    """A run that began and whose end is looked for when its time has come; gone once that was done."""

    __tablename__ = "awaited_run"
    __table_args__ = (Index("awaited_run_due", "due_at"),)

    #: The event that says that the run began. No foreign key: old events may be moved out meanwhile.
    event_row: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    source: str
    finish_id: str
    due_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class LeaseRow(SQLModel, table=True):
    """A named right that one process holds for a while, such as to be the clock."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    owner: str
    lease_epoch: str
    lease_until: int = Field(sa_column=Column(BigInteger, nullable=False))


class LedgerWriterRow(SQLModel, table=True):
    """A ledger writer of some process, and the number of its last transaction that was committed (PostgreSQL only).

    `used_at` is the database's time in milliseconds.
    """

    __tablename__ = "ledger_writer"

    owner: str = Field(primary_key=True)
    commits: int = Field(sa_column=Column(BigInteger, nullable=False))
    used_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class BreakerRow(SQLModel, table=True):
    """What stands between a profile and its server: failed logins and connections, and a server's wish to slow down.

    A profile without a row has nothing against it. `open_until` and `slow_until` are of the lease clock.
    """

    __tablename__ = "breaker"

    profile_id: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    #: Connections that could not be opened, one after another.
    failures: int = 0
    reason: str | None = None
    #: How often it opened without closing in between; each time it stays open longer.
    openings: int = 0
    opened_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    open_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    slow_level: int = 0
    slow_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    epoch: str
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class SmtpConnectionRow(SQLModel, table=True):
    """A connection that some worker process has, or is opening, to the server of a profile."""

    __tablename__ = "smtp_connection"
    __table_args__ = (
        Index("smtp_connection_profile", "profile_id"),
        Index("smtp_connection_owner", "owner"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    owner: str
    opening: bool = True
    lease_epoch: str
    lease_until: int = Field(sa_column=Column(BigInteger, nullable=False))


events = SQLModel.metadata.tables["event"]
deliveries = SQLModel.metadata.tables["delivery"]
attempts = SQLModel.metadata.tables["attempt"]
awaited_runs = SQLModel.metadata.tables["awaited_run"]
leases = SQLModel.metadata.tables["lease"]
breakers = SQLModel.metadata.tables["breaker"]
connections = SQLModel.metadata.tables["smtp_connection"]
ledger_writers = SQLModel.metadata.tables["ledger_writer"]
