"""run_record: what of a finished run is recorded for reports. Pure."""

from __future__ import annotations

from datetime import datetime

from consumers.contract.events import RunFinished, RunFinishedData
from consumers.ledger.runs import RecordedOutcome, RunRecord

#: Names of one run that are recorded; nobody reads a report for a run in which more failed.
MOST_NAMES = 200


def run_record(row_id: int, event: RunFinished, now: int) -> RunRecord:
    """Return the record of a run; `now` is milliseconds UTC, and no run finished after it."""
    data = event.data
    counts = data.counts
    tests, unnamed = _tests(data)
    return RunRecord(
        event_row=row_id,
        source=event.source,
        profile=data.profile,
        suite=data.suite,
        branch=data.branch,
        environment=data.environment,
        run_id=data.run_id,
        shard=data.shard.index if data.shard else None,
        shards=data.shard.total if data.shard else None,
        outcome=data.outcome,
        total=counts.total,
        passed=counts.passed,
        failed=counts.failed,
        errors=counts.errors,
        skipped=counts.skipped,
        flaky=counts.flaky,
        unnamed=unnamed,
        duration=None if data.duration_seconds is None else round(data.duration_seconds * 1000),
        finished_at=min(_finished_at(event) or now, now),
        tests=tests,
    )


def _finished_at(event: RunFinished) -> int | None:
    """Return when a run finished: what the event says, else its start and duration, else nothing."""
    data = event.data
    if event.time is not None:
        return _milliseconds(event.time)
    if data.started_at is not None and data.duration_seconds is not None:
        return _milliseconds(data.started_at) + round(data.duration_seconds * 1000)
    return None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _tests(data: RunFinishedData) -> tuple[tuple[tuple[str, RecordedOutcome], ...], int]:
    """Return the failing and flaky tests by name, failing ones first, and how many failing ones have no name here.

    A name that comes twice is one here: it failed if one of the two did.
    """
    listed = [failure.name for failure in data.failures]
    compact = [test.name for test in data.tests if test.outcome in ("failed", "error")]
    failing = dict.fromkeys([*listed, *compact])
    flaky = dict.fromkeys(test.name for test in data.tests if test.outcome == "flaky" and test.name not in failing)
    kept = list(failing)[:MOST_NAMES]
    tests = [(name, RecordedOutcome.FAILED) for name in kept]
    tests += [(name, RecordedOutcome.FLAKY) for name in flaky][: MOST_NAMES - len(tests)]
    named = max(len(listed), len(compact)) if len(kept) == len(failing) else len(kept)
    return tuple(tests), max(data.counts.failed + data.counts.errors - named, 0)
