"""figures_of: what several runs of several suites came to, as the fields of a summary. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from consumers.contract.events import Counts
from consumers.contract.run_event import outcome_of
from consumers.contract.tally import Results

#: Tests that failed most, as many as a mail shows.
WORST = 10


def figures_of(runs: Sequence[tuple[str, Results]]) -> dict[str, Any]:
    """Return `totals`, `suites` and `worst` of runs, each with the name of its suite, oldest first.

    A suite's `passed` and `failed` count runs; its `pass_rate`, and each point of its `trend`, is the part of its tests
    that passed, skipped ones left aside; its `duration_seconds` is that of a run on average.
    """
    by_suite: dict[str, list[Results]] = {}
    for suite, results in runs:
        by_suite.setdefault(suite, []).append(results)
    totals = _sum([results.counts for _, results in runs])
    failures = Counter(failure.name for _, results in runs for failure in results.failures)
    return {
        "totals": {**totals.model_dump(), "runs": len(runs)},
        "suites": [_suite(suite, results) for suite, results in by_suite.items()],
        "worst": [{"name": name, "failures": count} for name, count in failures.most_common(WORST)],
    }


def pass_rate(counts: Counts) -> float | None:
    """Return which part of the tests that ran passed, 0 to 1; None when none ran."""
    ran = counts.passed + counts.failed + counts.errors
    return counts.passed / ran if ran else None


def _suite(suite: str, runs: Sequence[Results]) -> dict[str, Any]:
    passed = sum(outcome_of(results.counts) == "passed" for results in runs)
    took = [results.duration_seconds for results in runs if results.duration_seconds is not None]
    return {
        "suite": suite,
        "runs": len(runs),
        "passed": passed,
        "failed": len(runs) - passed,
        "pass_rate": pass_rate(_sum([results.counts for results in runs])),
        "duration_seconds": sum(took) / len(took) if took else None,
        "trend": [pass_rate(results.counts) for results in runs] if len(runs) > 1 else [],
    }


def _sum(counts: Sequence[Counts]) -> Counts:
    names = ("total", "passed", "failed", "errors", "skipped", "flaky")
    return Counts.model_validate({name: sum(getattr(each, name) for each in counts) for name in names})
