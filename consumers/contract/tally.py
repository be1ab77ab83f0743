"""Tally: what is counted while reports are read, in bounded memory; Results: what it came to.

It knows nothing of files or XML. Each test counts once; totals are counted, never taken from a report.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from .events import Counts, Failure, TestOutcome, TestResult

#: Failures kept with their texts; an event of ours rarely has room for more than 200.
MAX_FAILURES = 1000
#: Tests whose names are kept; more do not fit into an event, and part of them would be a wrong list.
MAX_TESTS = 20_000
#: Names of suites kept, to find what the run is called.
MAX_NAMES = 20


@dataclass(frozen=True, slots=True)
class Results:
    """What a run came to.

    `duration_seconds` is how long the run took as far as the reports say; `started_at` has an offset or is None.
    `shortened` counts failures and tests that are counted but not listed. `names` are the
    different names that the reports have for themselves.
    """

    counts: Counts = field(default_factory=Counts)
    failures: tuple[Failure, ...] = ()
    tests: tuple[TestResult, ...] = ()
    duration_seconds: float | None = None
    started_at: datetime | None = None
    names: tuple[str, ...] = ()
    shortened: dict[str, int] = field(default_factory=dict)


class Tally:
    """Counts tests one by one, across any number of reports."""

    def __init__(self) -> None:
        self._by_outcome: Counter[str] = Counter()
        self._failures: list[Failure] = []
        self._failures_left_out = 0
        self._tests: list[tuple[str, TestOutcome]] | None = []
        self._names: dict[str, None] = {}

    def count(self, name: str, outcome: TestOutcome, failure: Failure | None = None) -> None:
        """Count one test; a failed one or one that could not run comes with its failure."""
        self._by_outcome[outcome] += 1
        if failure is not None:
            self._keep(failure)
        if self._tests is not None:
            self._tests.append((name, outcome))
            if len(self._tests) > MAX_TESTS:
                self._tests = None

    def count_unnamed_errors(self, number: int, failure: Failure) -> None:
        """Count errors that a report states without naming tests."""
        self._by_outcome["error"] += number
        self._keep(failure)

    def name(self, name: str) -> None:
        """Note what a report calls itself."""
        if len(self._names) < MAX_NAMES:
            self._names[name] = None

    @property
    def total(self) -> int:
        """Tests counted so far."""
        return self._by_outcome.total()

    def _keep(self, failure: Failure) -> None:
        if len(self._failures) < MAX_FAILURES:
            self._failures.append(failure)
        else:
            self._failures_left_out += 1

    def results(self, duration_seconds: float | None, started_at: datetime | None) -> Results:
        """Return what was counted."""
        by = self._by_outcome
        left_out = {"failures": self._failures_left_out, "tests": self.total if self._tests is None else 0}
        return Results(
            counts=Counts(
                total=self.total,
                passed=by["passed"] + by["flaky"],
                failed=by["failed"],
                errors=by["error"],
                skipped=by["skipped"],
                flaky=by["flaky"],
            ),
            failures=tuple(self._failures),
            tests=tuple(TestResult(name=name, outcome=outcome) for name, outcome in self._tests or ()),
            duration_seconds=duration_seconds,
            started_at=started_at,
            names=tuple(self._names),
            shortened={name: count for name, count in left_out.items() if count},
        )
