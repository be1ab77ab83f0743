"""Reading recorded runs for a report: each query is bounded by time, none grows with the whole table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from consumers.ledger.run_tables import run_tests, runs
from consumers.ledger.runs import RecordedOutcome, RunRecord
from consumers.reports.computing import TestCounts, TestKey
from consumers.reports.merging import Run, merge
from consumers.reports.periods import Span
from consumers.reports.selection import Selection

#: Milliseconds that the parts of one run may lie apart and still be found when it ends near the end of a period.
PARTS_APART = 12 * 3600 * 1000
_COLUMNS = [runs.c[field.name] for field in fields(RunRecord) if field.name != "tests"]


def read_runs(connection: Connection, selection: Selection, span: Span) -> list[Run]:
    """Return the runs that finished within a span, oldest first; one in parts finished with its last part."""
    begin, end = _milliseconds(span)
    parts = _records(connection, select(*_COLUMNS).where(_near(begin, end), *selection.conditions()))
    found = merge(part for part in parts if selection.takes_suite(part.suite))
    return [run for run in found if begin <= run.finished_at < end]


def read_newest(
    connection: Connection, selection: Selection, suites: Collection[str], end: datetime, back: timedelta, most: int
) -> list[Run]:
    """Return the newest runs of each of some suites before `end`, oldest first; of each at most `most` parts."""
    begin, until = _milliseconds(Span(end - back, end))
    newest = func.row_number().over(partition_by=runs.c.suite, order_by=runs.c.finished_at.desc()).label("newest")
    ranked = (
        select(*_COLUMNS, newest)
        .where(
            runs.c.suite.in_(suites),
            runs.c.finished_at >= begin,
            runs.c.finished_at < until,
            *selection.conditions(),
        )
        .subquery()
    )
    wanted = select(*(ranked.c[column.name] for column in _COLUMNS)).where(ranked.c.newest <= most)
    return merge(_records(connection, wanted))


def count_tests(connection: Connection, selection: Selection, span: Span, found: Collection[Run]) -> TestCounts:
    """Count the tests that failed or were flaky in runs found within a span."""
    suite_of = {row: run.stream.suite for run in found for row in run.rows}
    counts = TestCounts(Counter(), Counter())
    begin, end = _milliseconds(span)
    rows = connection.execution_options(yield_per=2_000).execute(
        select(run_tests.c.event_row, run_tests.c.name, run_tests.c.outcome)
        .join(runs, runs.c.event_row == run_tests.c.event_row)
        .where(_near(begin, end), *selection.conditions())
    )
    for row_id, name, outcome in rows:
        suite = suite_of.get(row_id)
        if suite is not None:
            (counts.failed if outcome == RecordedOutcome.FAILED else counts.flaky)[suite, name] += 1
    return counts


def read_failing_rows(
    connection: Connection, tests: Collection[TestKey], begin: int, end: datetime
) -> dict[TestKey, set[int]]:
    """Return the rows of runs since `begin` (milliseconds UTC) and before `end` in which each of some tests failed."""
    until = _ceil(end)
    found: dict[TestKey, set[int]] = {test: set() for test in tests}
    rows = connection.execute(
        select(runs.c.suite, run_tests.c.name, runs.c.event_row)
        .join(run_tests, runs.c.event_row == run_tests.c.event_row)
        .where(
            runs.c.suite.in_({suite for suite, _ in tests}),
            runs.c.finished_at >= begin,
            runs.c.finished_at < until,
            run_tests.c.name.in_({name for _, name in tests}),
            run_tests.c.outcome == RecordedOutcome.FAILED.value,
        )
    )
    for suite, name, row_id in rows:
        if (suite, name) in found:
            found[suite, name].add(row_id)
    return found


def _records(connection: Connection, query: Select[Any]) -> Iterator[RunRecord]:
    for row in connection.execute(query):
        yield RunRecord(*row)


def _near(begin: int, end: int) -> ColumnElement[bool]:
    """Make the condition of runs within a span, and of parts that may belong to one of them.

    The outer bounds stand alone, so that the index on them serves.
    """
    return and_(
        runs.c.finished_at >= begin - PARTS_APART,
        runs.c.finished_at < end + PARTS_APART,
        or_(and_(runs.c.finished_at >= begin, runs.c.finished_at < end), runs.c.shard.is_not(None)),
    )


def _milliseconds(span: Span) -> tuple[int, int]:
    """Return a span in milliseconds; a run at a bound counts as the bound says."""
    return _ceil(span.begin), _ceil(span.end)


def _ceil(moment: datetime) -> int:
    return -(-round(moment.timestamp() * 1_000_000) // 1000)
