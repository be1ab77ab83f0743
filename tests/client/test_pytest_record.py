"""From pytest's reports to counts: one outcome a test, whatever order its phases and tries come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.contract.events import Counts
from consumers.contract.pytest_record import MOST_MODULES, MOST_NAMED, RunRecord
from consumers.contract.pytest_verdict import (
    INTERNAL_ERROR,
    INTERRUPTED,
    NO_TESTS,
    USAGE_ERROR,
    Ending,
    verdict,
)
from consumers.contract.tally import Results


@dataclass
class Report:
    """A report as pytest makes them."""

    nodeid: str
    when: str
    outcome: str
    longrepr: Any = None
    duration: float = 0.25
    location: tuple[str, int | None, str] = ("tests/test_a.py", 11, "test_a")
    worker_id: str = "gw0"


def counted(*phases: tuple[str, str], nodeid: str = "tests/test_a.py::test_a") -> Results:
    """Return what a test's phases (when, outcome) come to."""
    record = RunRecord()
    for when, outcome in phases:
        record.add_phase(Report(nodeid, when, outcome, "E   what went wrong" if outcome == "failed" else None))
    return record.results(1.0)


UP, CALL, DOWN = ("setup", "passed"), ("call", "passed"), ("teardown", "passed")
NO_CALL, AGAIN = ("call", "failed"), ("call", "rerun")


@pytest.mark.parametrize(
    ("phases", "outcome"),
    [
        ((UP, CALL, DOWN), "passed"),
        ((UP, NO_CALL, DOWN), "failed"),
        ((("setup", "failed"), DOWN), "error"),
        # A test that passed and whose tear-down failed is one test, not two.
        ((UP, CALL, ("teardown", "failed")), "error"),
        ((UP, NO_CALL, ("teardown", "failed")), "failed"),
        ((("setup", "skipped"), DOWN), "skipped"),
        ((UP, ("call", "skipped"), DOWN), "skipped"),
        # pytest-rerunfailures before 16 reports no tear-down of a try that is followed by another, since then it does.
        ((UP, AGAIN, UP, CALL, DOWN), "flaky"),
        ((UP, AGAIN, DOWN, UP, CALL, DOWN), "flaky"),
        ((UP, ("call", "retried"), UP, CALL, DOWN), "flaky"),
        ((UP, AGAIN, DOWN, UP, AGAIN, DOWN, UP, NO_CALL, DOWN), "failed"),
        ((("setup", "rerun"), DOWN, UP, CALL, DOWN), "flaky"),
        ((UP, CALL, ("teardown", "rerun"), UP, CALL, DOWN), "flaky"),
        ((UP, AGAIN, UP, ("call", "skipped"), DOWN), "skipped"),
        # A subtest that failed is reported as another call of its test.
        ((UP, NO_CALL, CALL, DOWN), "failed"),
        # A worker of xdist that crashed.
        ((UP, ("???", "failed")), "error"),
    ],
)
def test_a_test_counts_once_with_the_outcome_of_its_last_try(phases: tuple[tuple[str, str], ...], outcome: str) -> None:
    results = counted(*phases)

    assert [test.outcome for test in results.tests] == [outcome]
    assert results.counts.total == 1
    assert len(results.failures) == (1 if outcome in ("failed", "error") else 0)


@pytest.mark.parametrize("phases", [(), (UP,), (UP, AGAIN), (UP, AGAIN, DOWN, UP)])
def test_a_test_that_was_interrupted_is_not_counted(phases: tuple[tuple[str, str], ...]) -> None:
    assert counted(*phases).counts == Counts()


def test_a_test_that_failed_and_was_interrupted_before_its_tear_down_is_counted() -> None:
    assert counted(UP, NO_CALL).counts.failed == 1


def test_a_failure_says_where_what_and_how_long() -> None:
    (failure,) = counted(UP, NO_CALL, DOWN).failures

    assert (failure.name, failure.file) == ("tests/test_a.py::test_a", "tests/test_a.py:12")
    assert (failure.message, failure.duration_seconds) == ("E   what went wrong", 0.75)


def test_an_error_of_a_fixture_says_in_which_phase() -> None:
    (failure,) = counted(("setup", "failed"), DOWN).failures

    assert failure.message == "at setup: E   what went wrong"


def test_the_same_test_in_two_workers_counts_twice_and_is_not_mixed_up() -> None:
    record = RunRecord()
    for when, outcome in (UP, NO_CALL, DOWN):
        record.add_phase(Report("t", when, outcome, "no", worker_id="gw0"))
        record.add_phase(Report("t", when, "passed", worker_id="gw1"))

    assert record.results(1).counts == Counts(total=2, passed=1, failed=1)


def test_a_module_that_every_worker_reports_counts_once() -> None:
    record = RunRecord()
    for worker in ("gw0", "gw1", "gw2"):
        for nodeid, outcome in (("test_a.py", "failed"), ("test_b.py", "skipped"), ("test_c.py", "passed")):
            record.add_module(Report(nodeid, "collect", outcome, "ImportError: no", worker_id=worker))

    results = record.results(1)
    assert results.counts == Counts(total=2, errors=1, skipped=1)
    assert [(failure.name, failure.message) for failure in results.failures] == [("test_a.py", "ImportError: no")]


def test_an_internal_error_counts_once() -> None:
    record = RunRecord()
    record.add_internal_error("Traceback\nValueError: no")
    record.add_internal_error("Traceback\nValueError: no")

    (failure,) = record.results(1).failures
    assert (failure.name, failure.message) == ("internal error of pytest", "ValueError: no")
    assert failure.trace == "Traceback\nValueError: no"


def test_memory_is_bounded_by_the_tests_under_way() -> None:
    record = RunRecord()
    for number in range(MOST_MODULES + 10):
        record.add_module(Report(f"test_{number}.py", "collect", "failed", "no"))
        for when, outcome in (UP, CALL, DOWN):
            record.add_phase(Report(f"t{number}", when, outcome))

    assert len(record._open) == 0
    assert len(record._modules) == MOST_MODULES
    assert record.results(1).counts.total == 2 * (MOST_MODULES + 10)


@pytest.mark.parametrize(("number", "named"), [(MOST_NAMED, MOST_NAMED), (MOST_NAMED + 1, 0)])
def test_the_names_of_very_many_tests_are_left_out_and_counted(number: int, named: int) -> None:
    record = RunRecord()
    for each in range(number):
        for when, outcome in (UP, CALL, DOWN):
            record.add_phase(Report(f"t{each}", when, outcome))

    results = record.results(1)
    assert (results.counts.total, len(results.tests)) == (number, named)
    assert results.shortened == ({} if named else {"tests": number})


REPORTS = st.builds(
    Report,
    nodeid=st.sampled_from(["a", "b", ""]),
    when=st.sampled_from(["setup", "call", "teardown", "???", "collect"]),
    outcome=st.sampled_from(["passed", "failed", "skipped", "rerun", "something new"]),
    longrepr=st.one_of(st.none(), st.text(), st.tuples(st.text(), st.integers(), st.text())),
    location=st.sampled_from([None, ("f", None, "d"), ("f", 3, "d")]),
)


@given(st.lists(REPORTS, max_size=30))
def test_whatever_is_reported_sums_up(reports: list[Report]) -> None:
    record = RunRecord()
    for report in reports:
        (record.add_module if report.when == "collect" else record.add_phase)(report)

    counts = record.results(1).counts
    assert counts.total == counts.passed + counts.failed + counts.errors + counts.skipped
    assert counts.flaky <= counts.passed


PASSED, FAILED, NONE = Counts(total=1, passed=1), Counts(total=2, passed=1, failed=1), Counts()


@pytest.mark.parametrize(
    ("ending", "counts", "outcome", "named"),
    [
        (Ending(0), PASSED, "passed", None),
        (Ending(1), FAILED, "failed", None),
        (Ending(1), Counts(total=1, errors=1), "error", None),
        # pytest says it failed and no test did: a plugin's own rule.
        (Ending(1), PASSED, "failed", None),
        (Ending(INTERRUPTED), Counts(total=1, errors=1), "error", None),
        (Ending(INTERRUPTED), FAILED, "failed", None),
        (Ending(INTERRUPTED), PASSED, "cancelled", None),
        (Ending(INTERRUPTED, was_stopped=True), FAILED, "cancelled", None),
        (Ending(0, was_stopped=True), PASSED, "cancelled", None),
        (Ending(INTERNAL_ERROR), PASSED, "error", None),
        (
            Ending(USAGE_ERROR),
            NONE,
            "error",
            ("usage error", "pytest could not be run as it was called: see its output"),
        ),
        (Ending(NO_TESTS), NONE, "error", ("no tests ran", "pytest found no test to run")),
        (
            Ending(NO_TESTS, deselected=1200),
            NONE,
            "error",
            ("no tests ran", "pytest found no test to run; 1,200 were deselected"),
        ),
        # Every module skips itself: pytest found no test, and says so.
        (Ending(NO_TESTS), Counts(total=3, skipped=3), "error", ("no tests ran", "pytest found no test to run")),
        (Ending(0), NONE, "error", None),
        (Ending(99), PASSED, "failed", None),
    ],
)
def test_the_outcome_of_a_run(ending: Ending, counts: Counts, outcome: str, named: tuple[str, str] | None) -> None:
    said, results = verdict(ending, Results(counts=counts))

    assert said == outcome
    assert [(failure.name, failure.message) for failure in results.failures] == ([named] if named else [])
    assert results.counts == counts
