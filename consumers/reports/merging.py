"""Merging: the parts of a run that came in shards become one run. Pure.

Two parts belong together when they name the same source, suite, branch, environment, run id and number of parts. A
part that comes again (a job that was repeated, or a matrix whose legs do not say what tells them apart) belongs to
the next run of that name, so that no part is counted twice in one run and none is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consumers.ledger.runs import RunRecord

#: Outcomes of a run whose tests came to an end: what is not among its failures did not fail.
_ENDED = ("passed", "failed", "error")
#: Of several parts the worst outcome is the run's; from the worst.
_WORST_FIRST = ("failed", "error", "timed_out", "cancelled", "passed")


@dataclass(frozen=True, slots=True)
class Stream:
    """Runs that can be compared with each other one by one."""

    suite: str
    branch: str | None
    environment: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run. `duration` and `finished_at` are milliseconds, `rows` the rows of its parts."""

    stream: Stream
    rows: tuple[int, ...]
    outcome: str
    total: int
    passed: int
    failed: int
    errors: int
    skipped: int
    flaky: int
    duration: int | None
    finished_at: int
    #: Whether a test that is not among the failures did not fail: false for a run that was cut off, that lacks a
    #: part, or whose failing tests are not all named.
    conclusive: bool

    @property
    def pass_rate(self) -> float | None:
        """The part of the tests that passed of those that ran, 0 to 1; None when none ran."""
        ran = self.passed + self.failed + self.errors
        return self.passed / ran if ran else None


def merge(parts: Iterable[RunRecord]) -> list[Run]:
    """Return the runs of recorded parts, in the order they finished."""
    whole: list[list[RunRecord]] = []
    sharded: dict[tuple[object, ...], list[dict[int, RunRecord]]] = {}
    for part in sorted(parts, key=lambda part: (part.finished_at, part.event_row)):
        if part.shard is None or part.run_id is None:
            whole.append([part])
            continue
        key = (part.source, part.suite, part.branch, part.environment, part.run_id, part.shards)
        gatherings = sharded.setdefault(key, [])
        open_one = next((parts for parts in gatherings if part.shard not in parts), None)
        if open_one is None:
            gatherings.append({part.shard: part})
        else:
            open_one[part.shard] = part
    whole += [list(parts.values()) for gatherings in sharded.values() for parts in gatherings]
    return sorted((_run(parts) for parts in whole), key=lambda run: (run.finished_at, run.rows))


def by_suite(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Return runs by their suite, in the order they come."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.stream.suite, []).append(run)
    return found


def _run(parts: Sequence[RunRecord]) -> Run:
    first = parts[0]
    durations = [part.duration for part in parts if part.duration is not None]
    total = sum(part.total for part in parts)
    outcomes = {part.outcome for part in parts}
    return Run(
        stream=Stream(first.suite, first.branch, first.environment),
        rows=tuple(part.event_row for part in parts),
        outcome=next((outcome for outcome in _WORST_FIRST if outcome in outcomes), first.outcome),
        total=total,
        passed=sum(part.passed for part in parts),
        failed=sum(part.failed for part in parts),
        errors=sum(part.errors for part in parts),
        skipped=sum(part.skipped for part in parts),
        flaky=sum(part.flaky for part in parts),
        # Parts run side by side, so the longest of them is how long people waited.
        duration=max(durations, default=None),
        finished_at=max(part.finished_at for part in parts),
        conclusive=(
            total > 0
            and outcomes <= set(_ENDED)
            and len(parts) == (first.shards or 1)
            and not any(part.unnamed for part in parts)
        ),
    )
