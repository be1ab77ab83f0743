"""verdict: how a run of pytest ended, from its tests, its exit code and whether somebody stopped it. Pure.

Where pytest's exit code says more than the tests do, it decides; an end that no test explains gets a name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .events import Failure, Outcome
from .run_event import outcome_of
from .tally import Results

#: pytest's exit codes (documented there under “Exit codes”).
INTERRUPTED, INTERNAL_ERROR, USAGE_ERROR, NO_TESTS = 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `was_stopped`: by Ctrl-C, SIGTERM or `pytest.exit`; `deselected`: tests left out by options."""

    exit_code: int
    was_stopped: bool = False
    deselected: int = 0


def verdict(ending: Ending, results: Results) -> tuple[Outcome, Results]:
    """Return the outcome, and the results with a name for what no test explains.

    A run that somebody stopped is `cancelled`, whatever its tests said so far. One that stopped by itself after a
    failure (`-x`) `failed`; one that stopped by itself without any is `cancelled` as well.
    """
    if ending.was_stopped:
        return "cancelled", results
    if ending.exit_code == NO_TESTS:
        left_out = f"; {ending.deselected:,} were deselected" if ending.deselected else ""
        return "error", _named(results, "no tests ran", f"pytest found no test to run{left_out}")
    if ending.exit_code == USAGE_ERROR:
        return "error", _named(results, "usage error", "pytest could not be run as it was called: see its output")
    if ending.exit_code == INTERNAL_ERROR:
        return "error", results
    outcome = outcome_of(results.counts)
    if outcome != "passed" or not results.counts.total:
        return outcome, results
    if ending.exit_code == INTERRUPTED:
        return "cancelled", results
    # A plugin may fail a run whose tests all passed, with a code of its own too.
    return ("failed" if ending.exit_code else "passed"), results


def _named(results: Results, name: str, message: str) -> Results:
    return replace(results, failures=(Failure(name=name, message=message), *results.failures))
