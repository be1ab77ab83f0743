"""The table of schedules: reports that come again, for those who have no scheduler.

Wall time and zone are kept, and the next moment that follows from them. Moments are milliseconds since 1970 UTC, days
are ISO dates of the schedule's zone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from consumers.ledger.tables import RowId


class ScheduleRow(SQLModel, table=True):
    """A report that is asked for again and again."""

    __tablename__ = "schedule"
    # An id that was given away never comes back: it is part of the ids of the requests that were made.
    __table_args__ = (Index("schedule_due", "next_at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True))
    name: str = Field(max_length=100, unique=True)
    #: The profile, also when it is renamed; `profile` is its name when the schedule was made.
    profile_id: int = Field(sa_column=Column(RowId, nullable=False))
    profile: str = Field(max_length=100)
    #: The data of the request but for the profile.
    request: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    cadence: str = Field(max_length=32)
    #: `HH:MM`.
    wall_time: str = Field(max_length=5)
    #: None: the profile's.
    zone: str | None = Field(default=None, max_length=64)
    #: None while the schedule is paused.
    next_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    next_day: str | None = Field(default=None, max_length=10)
    #: The last day whose report was asked for.
    told_day: str | None = Field(default=None, max_length=10)
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False))


schedules = SQLModel.metadata.tables["schedule"]
