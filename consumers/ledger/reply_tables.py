"""The tables of the inbound side: mailboxes with how far each was read, and the mails that were kept.

Times are milliseconds since 1970 UTC, lease times milliseconds of the lease clock (`lease`). Nothing here refers to the
ledger of deliveries by a foreign key: replies outlive what they answer.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from consumers.ledger.tables import RowId


class MailboxRow(SQLModel, table=True):
    """One folder of a profile. `cursor` belongs to `place` and `uidvalidity`; when one changes it means nothing."""

    __tablename__ = "mailbox"
    __table_args__ = (Index("mailbox_folder", "profile_id", "folder", unique=True), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    folder: str = Field(max_length=255)
    #: Tells the account that was read from another one that the profile named before; empty before first contact.
    place: str = ""
    uidvalidity: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: Every mail with a UID up to this one has been dealt with.
    cursor: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    #: Mails below this UID were there at first contact: those older than `since_at` are passed over, and those whose
    #: content is kept already are recognised.
    floor_uid: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    since_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    owner: str | None = None
    lease_epoch: str | None = None
    lease_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: When the clock rings for it next.
    due_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: Somebody rang while a pass was under way: mail may have come behind its back.
    rung: bool = False
    #: When a pass last began, and when one last came to the end of the folder.
    tried_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    complete_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    #: Passes that failed one after another, and why the last one did.
    failures: int = 0
    reason: str | None = None
    answer: str | None = Field(default=None, sa_column=Column(Text))
    #: The mail at which passes broke off, and how often.
    stuck_uid: int | None = Field(default=None, sa_column=Column(BigInteger))
    stuck_tries: int = 0
    kept: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class ReplyRow(SQLModel, table=True):
    """An inbound mail: kept raw before anything is parsed, read later. `read_at` is null until it was read."""

    __tablename__ = "reply"
    __table_args__ = (
        Index("reply_identity", "profile_id", "folder", "place", "uidvalidity", "uid", unique=True),
        Index("reply_content", "profile_id", "sha256"),
        Index("reply_read", "read_at", "id"),
        Index("reply_message", "profile_id", "message_id"),
        Index("reply_delivery", "delivery_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    profile: str
    folder: str
    place: str = Field(default="", sa_column_kwargs={"server_default": ""})
    uidvalidity: int = Field(sa_column=Column(BigInteger, nullable=False))
    uid: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: Of `raw` as it was kept; stays when retention removes the octets.
    sha256: str
    #: Octets of the mail on its server; `raw` holds only its headers when that is more than is kept.
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    #: When the server took it in; the server's clock.
    internal_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    kept_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary))

    read_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    outcome: str | None = None
    reason: str | None = None
    sender: str | None = None
    subject: str | None = Field(default=None, sa_column=Column(Text))
    message_id: str | None = Field(default=None, sa_column=Column(Text))
    text: str | None = Field(default=None, sa_column=Column(Text))
    command: str | None = None
    delivery_id: int | None = Field(default=None, sa_column=Column(RowId))
    event_row: int | None = Field(default=None, sa_column=Column(RowId))
    matched_by: str | None = None
    facts: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    starts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    lease_epoch: str | None = None
    lease_until: int | None = Field(default=None, sa_column=Column(BigInteger))


mailboxes = SQLModel.metadata.tables["mailbox"]
replies = SQLModel.metadata.tables["reply"]
