"""What a summary says of runs: sums, parts as one run, since when a test fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.contract import RunFinished, read_event
from consumers.ledger.runs import RecordedOutcome, RunRecord
from consumers.reports.computing import TestCounts, compute, totals
from consumers.reports.failing import follow
from consumers.reports.merging import merge
from consumers.reports.run_records import MOST_NAMES, run_record
from consumers.reports.selection import Selection
from tests.reports.conftest import failing, run_event

NOW = 1_795_156_200_000
PASSED = RunRecord(
    event_row=1,
    source="ci",
    profile="QA alerts",
    suite="checkout-api",
    branch="main",
    environment=None,
    run_id=None,
    shard=None,
    shards=None,
    outcome="passed",
    total=10,
    passed=10,
    failed=0,
    errors=0,
    skipped=0,
    flaky=0,
    unnamed=0,
    duration=60_000,
    finished_at=0,
)


def record(time: str = "2026-11-20T06:00:00Z", **more: Any) -> RunRecord:
    event = read_event(run_event("1", time, **more))
    assert isinstance(event, RunFinished)
    return run_record(1, event, NOW)


def part(row: int, shard: int, shards: int = 3, **more: Any) -> RunRecord:
    return replace(
        PASSED, **{"event_row": row, "run_id": "77", "shard": shard, "shards": shards, "finished_at": row, **more}
    )


def test_a_record_says_when_the_run_finished_and_never_later_than_now() -> None:
    timeless = run_event("1", "", started_at="2026-11-20T06:00:00Z", duration_seconds=90)
    del timeless["time"]
    event = read_event(timeless)
    assert isinstance(event, RunFinished)

    assert record().finished_at == datetime(2026, 11, 20, 6, tzinfo=UTC).timestamp() * 1000
    assert run_record(1, event, NOW).finished_at == datetime(2026, 11, 20, 6, 1, 30, tzinfo=UTC).timestamp() * 1000
    assert record("2036-11-20T06:00:00Z").finished_at == NOW


@pytest.mark.parametrize(
    ("more", "tests", "unnamed"),
    [
        (failing("a", "b"), [("a", "failed"), ("b", "failed")], 0),
        (failing("a", flaky=("a", "c")), [("a", "failed"), ("c", "flaky")], 0),
        # Two tests of one name, and details that the publisher shortened to names.
        (failing("a", "a"), [("a", "failed")], 0),
        (
            {"counts": {"failed": 2}, "outcome": "failed", "tests": [{"name": "a", "outcome": "error"}]},
            [("a", "failed")],
            1,
        ),
        ({"counts": {"failed": 3}, "outcome": "failed"}, [], 3),
    ],
)
def test_failing_and_flaky_tests_are_recorded_by_name(
    more: dict[str, Any], tests: list[tuple[str, str]], unnamed: int
) -> None:
    found = record(**more)

    assert [(name, outcome.value) for name, outcome in found.tests] == tests
    assert found.unnamed == unnamed


def test_of_very_many_failing_tests_the_rest_is_unnamed() -> None:
    found = record(
        outcome="failed",
        counts={"failed": 300},
        failures=[{"name": f"t{n}"} for n in range(300)],
        tests=[{"name": "flaky", "outcome": "flaky"}],
    )

    assert len(found.tests) == MOST_NAMES
    assert {outcome for _, outcome in found.tests} == {RecordedOutcome.FAILED}
    assert found.unnamed == 100


def test_parts_of_a_run_are_one_run_with_the_worst_outcome_and_the_longest_duration() -> None:
    parts = [part(1, 1), part(2, 3, outcome="failed", passed=8, failed=2, duration=90_000), part(3, 2)]
    (run,) = merge(parts)

    assert (run.outcome, run.total, run.passed, run.failed) == ("failed", 30, 28, 2)
    assert (run.duration, run.finished_at, run.rows) == (90_000, 3, (1, 2, 3))
    assert run.conclusive


def test_a_part_that_comes_again_belongs_to_the_next_run() -> None:
    found = merge([part(1, 1), part(2, 2), part(3, 3), part(4, 2)])

    assert [run.rows for run in found] == [(1, 2, 3), (4,)]
    assert [run.conclusive for run in found] == [True, False]


def test_parts_of_other_runs_and_parts_without_a_run_id_stay_apart() -> None:
    others = [part(2, 2, run_id="78"), part(3, 2, suite="web"), part(4, 2, branch="x"), part(5, 2, run_id=None)]

    assert len(merge([part(1, 1), *others])) == 5


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["77", "78", None])), max_size=30))
def test_no_part_is_lost_and_none_counts_twice(shards: list[tuple[int, str | None]]) -> None:
    found = merge(part(row, shard, run_id=run_id) for row, (shard, run_id) in enumerate(shards))

    assert sorted(row for run in found for row in run.rows) == list(range(len(shards)))
    assert totals(found).total == 10 * len(shards)
    assert all(len(run.rows) <= 3 for run in found)


def history(*runs: tuple[str, Any]) -> tuple[list[Any], set[int]]:
    """Return runs one after the other, and the rows of those whose letter says that the test failed (F)."""
    records, rows = [], set()
    for row, (letter, more) in enumerate(runs, 1):
        outcome = {"F": "failed", "p": "passed", "c": "cancelled", "t": "timed_out", "e": "error"}[letter]
        records.append(replace(PASSED, **{"event_row": row, "finished_at": row, "outcome": outcome, **more}))
        if letter == "F":
            rows.add(row)
    return merge(records), rows


@pytest.mark.parametrize(
    ("letters", "since"),
    [
        ("pFF", 2),
        ("FFF", 1),
        ("FpF", 3),
        ("FFp", None),
        ("p", None),
        # Fixed after aborted is not fixed.
        ("FcF", 1),
        ("FtF", 1),
        ("Fc", 1),
        # A run with errors has told of all its tests.
        ("FeF", 3),
    ],
)
def test_failing_since_is_the_first_failing_run_after_the_last_in_which_it_did_not_fail(
    letters: str, since: int | None
) -> None:
    runs, rows = history(*((letter, {}) for letter in letters))
    found = follow(runs, rows).streak

    assert (found.since if found else None) == since


def test_each_branch_and_environment_has_its_own_since() -> None:
    runs, rows = history(("F", {}), ("p", {"branch": "feature"}), ("p", {"environment": "staging"}), ("F", {}))
    found = follow(runs, rows).streak

    assert found is not None
    assert (found.since, found.branch) == (1, "main")


def test_a_run_that_does_not_name_all_its_failures_or_ran_nothing_says_nothing_of_the_others() -> None:
    for silent in ({"outcome": "failed", "failed": 5, "unnamed": 5}, {"outcome": "error", "total": 0}):
        runs, rows = history(("F", {}), ("p", silent))
        assert follow(runs, rows).streak is not None


def test_a_summary_compares_with_the_period_before_and_shows_the_newest_runs() -> None:
    before = merge([replace(PASSED, passed=8, failed=2, outcome="failed", duration=30_000)])
    runs = merge(
        replace(PASSED, event_row=n, finished_at=n, passed=10 - n % 2, failed=n % 2, duration=n * 1000)
        for n in range(40)
    )
    counts = TestCounts(Counter({("checkout-api", f"t{n}"): n for n in range(80)}), Counter())
    found = compute(runs, before, [*before, *runs], counts, {})

    (suite,) = found.suites
    assert found.totals_before is not None
    assert (found.totals.runs, found.totals_before.runs) == (40, 1)
    assert (suite.pass_rate, suite.pass_rate_before, len(suite.trend)) == (0.95, 0.8, 14)
    assert [test.failures for test in found.worst] == list(range(79, 59, -1))
    assert found.slowest[0].duration_seconds == 19.5
    assert found.slowest[0].duration_before == 30.0


def test_a_rate_is_one_only_when_all_passed_and_nothing_only_when_none_did() -> None:
    almost = merge([replace(PASSED, total=10**6, passed=10**6 - 1, failed=1)])
    hardly = merge([replace(PASSED, total=10**6, passed=1, failed=10**6 - 1)])
    nothing = merge([replace(PASSED, passed=0, total=0)])
    no_counts = TestCounts(Counter(), Counter())

    assert compute(almost, [], almost, no_counts, {}).suites[0].pass_rate == 0.9999
    assert compute(hardly, [], hardly, no_counts, {}).suites[0].pass_rate == 0.0001
    assert compute(nothing, [], nothing, no_counts, {}).suites[0].trend == (None,)


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("checkout-api", {"checkout-api"}),
        ("checkout-*", {"checkout-api", "checkout-web"}),
        ("*[linux]", {"unit [linux]"}),
        ("we?", {"web"}),
        ("*", {"checkout-api", "checkout-web", "unit [linux]", "web", "WEB", "a\nb"}),
    ],
)
def test_a_suite_is_chosen_by_name_or_pattern(pattern: str, taken: set[str]) -> None:
    suites = ("checkout-api", "checkout-web", "unit [linux]", "web", "WEB", "a\nb")

    assert {suite for suite in suites if Selection((pattern,)).takes_suite(suite)} == taken
