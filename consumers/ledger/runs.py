"""Recording runs: what reports need of a finished run, written in the transaction that plans its event.

It knows the rows; what an event says of a run is read in `consumers.reports.run_records`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from consumers.ledger.run_tables import run_tests, runs

# Statements are made once for each database. A row that stands already stays: an event that was skipped may be
# planned once more.
_INSERT_RUN: dict[str, Any] = {
    "postgresql": postgresql.insert(runs).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(runs).on_conflict_do_nothing(),
}
_INSERT_TEST: dict[str, Any] = {
    "postgresql": postgresql.insert(run_tests).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(run_tests).on_conflict_do_nothing(),
}


class RecordedOutcome(StrEnum):
    """How a test is recorded; those that passed or were skipped are only counted."""

    FAILED = "failed"
    FLAKY = "flaky"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A finished run as it is recorded; the fields are the columns of `run`, but for `tests`."""

    event_row: int
    source: str
    profile: str
    suite: str
    branch: str | None
    environment: str | None
    run_id: str | None
    shard: int | None
    shards: int | None
    outcome: str
    total: int
    passed: int
    failed: int
    errors: int
    skipped: int
    flaky: int
    unnamed: int
    duration: int | None
    finished_at: int
    tests: tuple[tuple[str, RecordedOutcome], ...] = ()


_COLUMNS = tuple(field.name for field in fields(RunRecord) if field.name != "tests")


def record_runs(connection: Connection, records: Sequence[RunRecord]) -> None:
    """Write runs down with their failing and flaky tests."""
    if not records:
        return
    dialect = connection.dialect.name
    connection.execute(_INSERT_RUN[dialect], [{name: getattr(run, name) for name in _COLUMNS} for run in records])
    tests = [
        {"event_row": run.event_row, "position": position, "name": name, "outcome": outcome.value}
        for run in records
        for position, (name, outcome) in enumerate(run.tests)
    ]
    if tests:
        connection.execute(_INSERT_TEST[dialect], tests)
