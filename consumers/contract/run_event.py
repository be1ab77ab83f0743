"""run_event: builds the RunFinished event from results, CI facts and what the caller states.

What the caller states wins over the CI system, which wins over the reports. The rules here are the ones
docs/publishing.md tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .ci import CiFacts
from .events import Counts, Event, Outcome
from .ids import derived_id
from .stated_event import stated_event
from .tally import Results

TYPE = "runmail.run.finished"

#: Words of CI systems for an outcome: GitHub's job.status, GitLab's CI_JOB_STATUS, Jenkins' currentResult.
OUTCOME_WORDS: dict[str, Outcome] = {
    "passed": "passed",
    "success": "passed",
    "failed": "failed",
    "failure": "failed",
    "unstable": "failed",
    "error": "error",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "aborted": "cancelled",
    "timed_out": "timed_out",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What the caller states of the run; None is for the CI system or the reports to say."""

    profile: str
    recipients: tuple[str, ...] = ()
    suite: str | None = None
    outcome: Outcome | None = None
    branch: str | None = None
    commit: str | None = None
    environment: str | None = None
    run_id: str | None = None
    url: str | None = None
    id: str | None = None
    source: str | None = None
    shard: dict[str, int] | None = None
    started_at: datetime | None = None
    duration_seconds: float | None = None
    labels: dict[str, str] = field(default_factory=dict)


def outcome_of(counts: Counts) -> Outcome:
    """Judge a run by its tests.

    A failed test makes it `failed`; else one that could not run makes it `error`; a run without a single test is
    an `error` too, because something kept the tests from being found; else it `passed`, also when all its tests
    were skipped. A flaky test passed. Nothing here says `cancelled` or `timed_out`: only the caller knows.
    """
    if counts.failed:
        return "failed"
    if counts.errors or not counts.total:
        return "error"
    return "passed"


def suite_of(statement: Statement, ci: CiFacts, results: Results) -> str:
    """Name the suite: as stated, else the repository, else the one name of the reports, else `tests`."""
    if statement.suite:
        return statement.suite
    if ci.name:
        return ci.name
    return results.names[0] if len(results.names) == 1 else "tests"


def run_facts(statement: Statement, ci: CiFacts, suite: str) -> dict[str, Any]:
    """Return the part of the data that is the same at a run's start and at its end."""
    return {
        "profile": statement.profile,
        "recipients": list(statement.recipients),
        "url": statement.url or ci.url,
        "labels": statement.labels,
        "suite": suite,
        "branch": statement.branch or ci.branch,
        "commit": statement.commit or ci.commit,
        "environment": statement.environment or ci.environment,
        "run_id": statement.run_id or ci.run_id,
        "shard": statement.shard or (ci.shard.model_dump() if ci.shard else None),
    }


def run_event(
    statement: Statement,
    results: Results,
    ci: CiFacts,
    *,
    host: str,
    now: datetime,
    mask: bool = True,
    occasion: str | None = None,
) -> Event:
    """Build the event; `host` is its source where neither the caller nor a CI system names one.

    An id made from content is made from what is published, so credentials are masked first, unless `mask` is false;
    `occasion` is that of `derived_id`.

    Raises:
        MalformedEvent: when something stated is refused by the contract, with the field.
    """
    said = {
        **run_facts(statement, ci, suite_of(statement, ci, results)),
        "outcome": statement.outcome or outcome_of(results.counts),
        "counts": results.counts.model_dump(),
        "started_at": statement.started_at or results.started_at or ci.started_at,
        "duration_seconds": (
            results.duration_seconds if statement.duration_seconds is None else statement.duration_seconds
        ),
        "failures": [failure.model_dump() for failure in results.failures],
        "tests": [test.model_dump() for test in results.tests],
        "shortened": results.shortened,
    }
    return stated_event(
        TYPE,
        said,
        id=statement.id,
        source=statement.source or ci.source or host,
        now=now,
        mask=mask,
        new_id=lambda data: derived_id(TYPE, data, attempt=ci.attempt, occasion=occasion),
    )
