"""RunRecord: what pytest reports, phase by phase, becomes one outcome a test, in bounded memory.

- A test counts once it is torn down. A failure of its own code is `failed`; of its set-up or tear-down, `error`.
- Of a test that was run again only the last try counts; one that passed then is `flaky`.
- What xdist says of a test whose worker crashed is an `error`; so is a module that cannot be collected.
- An expected failure (xfail) counts as skipped, as in pytest's own JUnit report.

It knows the shape of pytest's reports and imports nothing of pytest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .events import Failure, TestOutcome
from .tally import Results, Tally

#: Outcomes of a phase after which the test is run again: pytest-rerunfailures, pytest-retry.
RUN_AGAIN = ("rerun", "retried")
#: What xdist writes for the phase in which a worker crashed.
CRASHED = "???"
#: Tests listed by name; the names of more rarely fit into an event, and finding that out takes half a second.
MOST_NAMED = 5_000
#: Modules remembered as told of; workers of xdist report each of them.
MOST_MODULES = 10_000


@dataclass(slots=True)
class _Test:
    """A test between its first report and its last."""

    outcome: TestOutcome | None = None
    seconds: float = 0.0
    ran_before: bool = False
    failed_report: Any = None


class RunRecord:
    """Counts what is reported of a run; give it each report in the order they come."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._open: dict[tuple[str, str], _Test] = {}
        self._modules: set[str] = set()
        self._has_internal_error = False

    def add_phase(self, report: Any) -> None:
        """Count one phase of a test: set-up, call or tear-down."""
        key = (str(getattr(report, "worker_id", "")), report.nodeid)
        test = self._open.setdefault(key, _Test())
        if report.outcome in RUN_AGAIN:
            self._open[key] = _Test(ran_before=True)
            return
        test.seconds += getattr(report, "duration", 0.0) or 0.0
        self._judge(test, report)
        if report.when in ("teardown", CRASHED):
            self._close(key)

    def _judge(self, test: _Test, report: Any) -> None:
        """Let a phase decide or worsen a test's outcome; the first failure is the one that is told."""
        if report.outcome == "failed":
            if test.failed_report is None:
                test.failed_report = report
                test.outcome = "failed" if report.when == "call" else "error"
        elif report.outcome == "skipped" and test.outcome is None:
            test.outcome = "skipped"
        elif report.when == "call" and test.outcome is None:
            test.outcome = "passed"

    def _close(self, key: tuple[str, str]) -> None:
        """Count a test that was torn down, unless only a try of it was that is followed by another."""
        test = self._open[key]
        if test.outcome is None:
            if not test.ran_before:
                del self._open[key]
            return
        del self._open[key]
        outcome = "flaky" if test.ran_before and test.outcome == "passed" else test.outcome
        failed = test.failed_report
        self._tally.count(key[1], outcome, _failure(failed, test.seconds) if failed is not None else None)

    def add_module(self, report: Any) -> None:
        """Count a module that could not be collected, or that skips itself; others have tests that count."""
        if report.outcome == "passed" or report.nodeid in self._modules:
            return
        if len(self._modules) < MOST_MODULES:
            self._modules.add(report.nodeid)
        if report.outcome == "failed":
            self._tally.count_unnamed_errors(1, _failure(report, None))
        else:
            self._tally.count(report.nodeid, "skipped")

    def add_internal_error(self, report: object) -> None:
        """Count an internal error of pytest; of several, as workers of xdist report them, the first."""
        if not self._has_internal_error:
            self._has_internal_error = True
            text = str(report)
            message = text.strip().rpartition("\n")[2]
            self._tally.count_unnamed_errors(1, Failure(name="internal error of pytest", message=message, trace=text))

    def results(self, seconds: float) -> Results:
        """Return what the run came to after `seconds`.

        A test that was interrupted before anything of it failed is not counted.
        """
        for key, test in list(self._open.items()):
            if test.failed_report is not None:
                self._close(key)
        results = self._tally.results(seconds, None)
        total = results.counts.total
        if total <= MOST_NAMED:
            return results
        return replace(results, tests=(), shortened={**results.shortened, "tests": total})


def _failure(report: Any, seconds: float | None) -> Failure:
    """Return what is told of a failed report."""
    trace = str(report.longrepr or "")
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = trace.strip().splitlines()
    message = str(getattr(crash, "message", "") or (lines[-1] if lines else "") or "no details")
    phase = getattr(report, "when", None)
    return Failure(
        name=report.nodeid or "collection",
        file=_place(getattr(report, "location", None)),
        message=f"at {phase}: {message}" if phase in ("setup", "teardown") else message,
        trace=trace if trace.strip() != message else None,
        duration_seconds=seconds,
    )


def _place(location: Any) -> str | None:
    """Return file and line; pytest counts lines from 0 and leaves them out where it has none."""
    if not location:
        return None
    path, line, *_ = location
    return f"{path}:{line + 1}" if isinstance(line, int) else str(path)
