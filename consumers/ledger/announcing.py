"""Announcing: events that runmail publishes are written down in the transaction of what they tell, and delivered later.

An event that is announced again stays as it was announced first: its id says which fact it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, bindparam, insert, select
from sqlmodel import Field, SQLModel

from consumers.ledger.tables import RowId


class OutgoingEventRow(SQLModel, table=True):
    """An event that runmail publishes, as JSON."""

    __tablename__ = "outgoing_event"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    event_id: str = Field(unique=True)
    type: str
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))


outgoing_events = SQLModel.metadata.tables["outgoing_event"]

KNOWN = select(outgoing_events.c.event_id).where(outgoing_events.c.event_id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event to be published: `body` is its JSON, `created_at` milliseconds UTC."""

    event_id: str
    type: str
    profile_id: int
    body: bytes
    created_at: int


def announce(connection: Connection, events: Sequence[Announcement]) -> None:
    """Write events down that are to be published; those known already stay as they are."""
    by_id = {each.event_id: each for each in events}
    if not by_id:
        return
    known = set(connection.execute(KNOWN, {"ids": sorted(by_id)}).scalars())
    new = [each for event_id, each in by_id.items() if event_id not in known]
    if new:
        connection.execute(
            insert(outgoing_events),
            [
                {
                    "event_id": each.event_id,
                    "type": each.type,
                    "profile_id": each.profile_id,
                    "body": each.body,
                    "created_at": each.created_at,
                }
                for each in new
            ],
        )
