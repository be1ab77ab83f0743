"""The tables of recorded runs, of which reports are computed.

A row of `run` is a finished run as one event told it, or one part of a run that came in parts. No foreign key,
so that recording costs no look-up; they are pruned with their events. Times are integer milliseconds since 1970 UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from consumers.ledger.tables import RowId


def _number() -> Column[int]:
    return Column(BigInteger, nullable=False)


class RunRow(SQLModel, table=True):
    """A finished run, or one part of it."""

    __tablename__ = "run"
    __table_args__ = (
        Index("run_finished", "finished_at"),
        Index("run_suite", "suite", "finished_at"),
        Index("run_suite_event", "suite", "event_row"),
    )

    event_row: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    source: str
    profile: str
    suite: str
    branch: str | None = None
    environment: str | None = None
    run_id: str | None = None
    #: Which part of how many this is; null for a whole run.
    shard: int | None = None
    shards: int | None = None
    outcome: str
    total: int = Field(sa_column=_number())
    passed: int = Field(sa_column=_number())
    failed: int = Field(sa_column=_number())
    errors: int = Field(sa_column=_number())
    skipped: int = Field(sa_column=_number())
    flaky: int = Field(sa_column=_number())
    #: Failing tests without a row in `run_test`: above 0, a test that is not there may have failed all the same.
    unnamed: int = Field(sa_column=_number())
    #: Milliseconds.
    duration: int | None = Field(default=None, sa_column=Column(BigInteger))
    finished_at: int = Field(sa_column=_number())


class RunTestRow(SQLModel, table=True):
    """A test that failed or was flaky in a run."""

    __tablename__ = "run_test"
    # Rows of one run lie together: they are written and read by run.
    __table_args__ = ({"sqlite_with_rowid": False},)

    event_row: int = Field(sa_column=Column(RowId, primary_key=True))
    position: int = Field(primary_key=True)
    name: str
    outcome: str


runs = SQLModel.metadata.tables["run"]
run_tests = SQLModel.metadata.tables["run_test"]
