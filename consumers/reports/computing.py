"""Computing: from runs to what a summary says. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from consumers.contract.events import FlakyTest, SlowSuite, SuiteSummary, Totals, WorstTest
from consumers.contract.sizes import MANY_ROWS
from consumers.reports.merging import Run, by_suite

#: Points of a trend; what is older is no longer today's trend.
TREND_RUNS = 14
#: Tests of a summary that are named; a mail shows fewer and says so.
MOST_TESTS = 20
#: Suites that are named as the slowest.
MOST_SLOW = 5
#: Outcomes of a run that count as failed; a cancelled one counts as neither.
_FAILED = ("failed", "error", "timed_out")


#: A suite and the name of one of its tests.
TestKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TestCounts:
    """In how many runs each test failed, and in how many it was flaky."""

    __test__ = False  # pytest takes the name for a test class otherwise

    failed: Counter[TestKey]
    flaky: Counter[TestKey]


@dataclass(frozen=True, slots=True)
class Streak:
    """On which branch and since when (milliseconds UTC) a test fails."""

    branch: str | None
    since: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What a summary says, but for its title and period."""

    totals: Totals
    totals_before: Totals | None
    suites: tuple[SuiteSummary, ...]
    worst: tuple[WorstTest, ...]
    slowest: tuple[SlowSuite, ...]
    flaky: tuple[FlakyTest, ...]


def compute(
    runs: Sequence[Run],
    before: Sequence[Run],
    newest: Sequence[Run],
    counts: TestCounts,
    streaks: Mapping[TestKey, Streak | None],
) -> Findings:
    """Compute a summary of `runs`, compared with those `before`.

    `newest` are the runs of each suite that its trend shows, oldest first; `streaks` since when each of the worst
    tests fails.
    """
    now, then, trends = by_suite(runs), by_suite(before), by_suite(newest)
    return Findings(
        totals=totals(runs),
        totals_before=totals(before) if before else None,
        suites=_suites(now, then, trends),
        worst=tuple(_worst(test, failures, streaks.get(test)) for test, failures in most_failing(counts)),
        slowest=_slowest(now, then),
        flaky=tuple(FlakyTest(name=name, suite=suite, times=times) for (suite, name), times in _most(counts.flaky)),
    )


def most_failing(counts: TestCounts) -> list[tuple[TestKey, int]]:
    """Return the tests that failed most often with the number of runs in which they did."""
    return _most(counts.failed)


def totals(runs: Iterable[Run]) -> Totals:
    """Return the sums over runs."""
    found = list(runs)
    return Totals(
        runs=len(found),
        total=sum(run.total for run in found),
        passed=sum(run.passed for run in found),
        failed=sum(run.failed for run in found),
        errors=sum(run.errors for run in found),
        skipped=sum(run.skipped for run in found),
        flaky=sum(run.flaky for run in found),
    )


def pass_rate(counted: Totals) -> float | None:
    """Return the part of the tests that passed of those that ran, 0 to 1; None when none ran."""
    ran = counted.passed + counted.failed + counted.errors
    return counted.passed / ran if ran else None


def _suites(
    now: dict[str, list[Run]], then: dict[str, list[Run]], trends: dict[str, list[Run]]
) -> tuple[SuiteSummary, ...]:
    """Return the suites, those with the lowest pass rate first."""
    found = [
        SuiteSummary(
            suite=suite,
            runs=len(runs),
            passed=sum(run.outcome == "passed" for run in runs),
            failed=sum(run.outcome in _FAILED for run in runs),
            pass_rate=_rounded(pass_rate(totals(runs))),
            pass_rate_before=_rounded(pass_rate(totals(then.get(suite, ())))),
            duration_seconds=_typical(runs),
            trend=tuple(_rounded(run.pass_rate) for run in trends.get(suite, ())[-TREND_RUNS:]),
        )
        for suite, runs in now.items()
    ]
    found.sort(key=lambda row: (row.pass_rate is None, row.pass_rate, -row.failed, row.suite))
    return tuple(found[:MANY_ROWS])


def _worst(test: TestKey, failures: int, streak: Streak | None) -> WorstTest:
    suite, name = test
    return WorstTest(
        name=name,
        suite=suite,
        branch=streak.branch if streak else None,
        failures=failures,
        since=datetime.fromtimestamp(streak.since / 1000, UTC) if streak else None,
    )


def _slowest(now: dict[str, list[Run]], then: dict[str, list[Run]]) -> tuple[SlowSuite, ...]:
    timed = [(seconds, suite) for suite, runs in now.items() if (seconds := _typical(runs)) is not None]
    timed.sort(key=lambda pair: (-pair[0], pair[1]))
    return tuple(
        SlowSuite(suite=suite, duration_seconds=seconds, duration_before=_typical(then.get(suite, ())))
        for seconds, suite in timed[:MOST_SLOW]
    )


def _typical(runs: Iterable[Run]) -> float | None:
    """Return the median duration in seconds: one run that hung says nothing about the others."""
    durations = [run.duration for run in runs if run.duration is not None]
    return round(median(durations) / 1000, 3) if durations else None


def _most(counts: Mapping[TestKey, int]) -> list[tuple[TestKey, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_TESTS]


def _rounded(rate: float | None) -> float | None:
    """Return a rate that is short as JSON; never 1 for less than all, never 0 for more than none."""
    if rate is None or rate in (0, 1):
        return rate
    return min(max(round(rate, 4), 0.0001), 0.9999)
