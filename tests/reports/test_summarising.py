"""Summaries computed from a database of each kind: the right runs, and no query that grows with the whole table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine, event

from consumers.contract.events import ReportRequestedData, SummaryReadyData
from consumers.ledger.runs import RecordedOutcome, RunRecord, record_runs
from consumers.notice import Skip
from consumers.reports.answering import summarise

BERLIN = ZoneInfo("Europe/Berlin")
ASKED = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def run(row: int, at: str | datetime, *failing: str, **more: Any) -> RunRecord:
    """Return the record of a run of 10 tests that finished at a moment (UTC)."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
    told = {
        "event_row": row,
        "source": "ci",
        "profile": "QA alerts",
        "suite": "checkout-api",
        "branch": "main",
        "environment": None,
        "run_id": None,
        "shard": None,
        "shards": None,
        "outcome": "failed" if failing else "passed",
        "total": 10,
        "passed": 10 - len(failing),
        "failed": len(failing),
        "errors": 0,
        "skipped": 0,
        "flaky": 0,
        "unnamed": 0,
        "duration": None,
        "finished_at": round(moment.timestamp() * 1000),
        "tests": tuple((name, RecordedOutcome.FAILED) for name in failing),
    }
    return RunRecord(**{**told, **more})  # type: ignore[arg-type]


def part(row: int, shard: int, at: str, *failing: str, shards: int = 2) -> RunRecord:
    return run(row, at, *failing, run_id="77", shard=shard, shards=shards)


def keep(engine: Engine, *records: RunRecord) -> None:
    with engine.begin() as connection:
        record_runs(connection, records)


def summary(engine: Engine, **said: Any) -> SummaryReadyData:
    data = ReportRequestedData(profile="QA alerts", **{"period": "yesterday", **said})
    with engine.execution_options(reading=True).connect() as connection:
        found = summarise(connection, data, ASKED, BERLIN)
    assert not isinstance(found, Skip)
    return found


def test_a_run_whose_parts_lie_on_two_days_is_told_once_on_the_day_it_finished(engine: Engine) -> None:
    """Midnight of Berlin is 23:00 UTC."""
    keep(
        engine,
        part(1, 1, "2026-11-18T22:50", "test_card"),
        part(2, 2, "2026-11-18T23:10"),
        run(3, "2026-11-19T22:59:59.999"),
        run(4, "2026-11-19T23:00"),
    )
    found = summary(engine)

    assert found.totals.runs == 2
    assert found.totals.total == 30
    assert [(test.name, test.failures) for test in found.worst] == [("test_card", 1)]
    assert found.totals_before is None
    before = summary(
        engine, period=None, since=datetime(2026, 11, 17, 23, tzinfo=UTC), until=datetime(2026, 11, 18, 23, tzinfo=UTC)
    )
    assert (before.totals.runs, before.worst) == (0, ())


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ({}, 4),
        ({"branch": "main"}, 3),
        ({"environment": "staging"}, 1),
        ({"runs_of": "Others"}, 1),
        ({"suite": "web"}, 1),
        ({"suites": ("web", "check*")}, 4),
        ({"suite": "Check*"}, 0),
    ],
)
def test_a_summary_keeps_to_what_is_asked_for(engine: Engine, said: dict[str, Any], rows: int) -> None:
    at = "2026-11-19T12:00"
    keep(
        engine,
        run(1, at, "a"),
        run(2, at, "b", branch="feature"),
        run(3, at, "c", environment="staging"),
        run(4, at, "d", suite="web", profile="Others"),
    )
    found = summary(engine, **said)

    assert found.totals.runs == rows
    assert len(found.worst) == rows
    assert sum(suite.runs for suite in found.suites) == rows


def test_failing_since_is_found_however_many_runs_ago_it_was(engine: Engine) -> None:
    first = datetime(2026, 11, 1, tzinfo=UTC)
    moments = [first + timedelta(hours=2 * number) for number in range(220)]
    keep(
        engine,
        *(run(n, at, *(["test_card"] if n >= 20 else []), "test_login") for n, at in enumerate(moments, 1)),
        *(run(n + 1000, at, "test_card", suite="web") for n, at in enumerate(moments[-5:])),
        run(999, first - timedelta(days=100), suite="checkout-api"),
    )
    since = {(test.suite, test.name): test.since for test in summary(engine).worst}

    assert since["checkout-api", "test_card"] == moments[19]
    # It has failed in every run of the last 90 days.
    assert since["checkout-api", "test_login"] == moments[0]
    assert since["web", "test_card"] == moments[-5]


def test_a_test_that_failed_and_was_mended_has_no_since(engine: Engine) -> None:
    keep(engine, run(1, "2026-11-19T10:00", "test_card"), run(2, "2026-11-19T12:00"))

    (test,) = summary(engine).worst
    assert (test.failures, test.since, test.branch) == (1, None, None)


def test_a_trend_reaches_back_beyond_the_period_and_shows_a_run_without_tests_as_a_gap(engine: Engine) -> None:
    keep(
        engine,
        run(1, "2026-10-01T12:00", "older", "than", "a", "month"),
        run(2, "2026-11-10T12:00", "a"),
        run(3, "2026-11-15T12:00", outcome="cancelled", total=0, passed=0),
        run(4, "2026-11-19T12:00"),
        run(5, "2026-11-20T01:00", "after"),
    )
    (suite,) = summary(engine).suites

    assert suite.trend == (0.9, None, 1.0)


def test_no_query_reads_a_whole_table(tmp_path: Any) -> None:
    """SQLite's plans name the index of each table; a whole table would be a SCAN of its name."""
    from worker.database import make_engine
    from worker.migrate import migrate

    engine = make_engine(f"sqlite:///{tmp_path / 'runs.sqlite3'}")
    migrate(engine)
    keep(engine, run(1, "2026-11-19T12:00", "a"), run(2, "2026-11-18T12:00", "a", "b"))
    plans: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in cursor.fetchall())

    summary(engine, suite="check*")
    summary(engine, suite="checkout-api")
    engine.dispose()

    assert sum(plan.startswith("SEARCH run ") for plan in plans) >= 8
    assert sum(plan.startswith("SEARCH run_test USING PRIMARY KEY") for plan in plans) >= 4
    assert [plan for plan in plans if plan.startswith(("SCAN run", "SCAN run_test"))] == []
