"""Failing since: when a test began to fail that still does.

It is followed in each stream (suite, branch and environment) on its own. The first failing run after the last run in
which the test did not fail is when it began. A run that was cut off, lacks a part or does not name all its failing
tests says nothing about a test that is not among them: fixed after aborted is not fixed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from consumers.reports.computing import Streak, TestKey
from consumers.reports.merging import Run, Stream, by_suite
from consumers.reports.reading import PARTS_APART, read_failing_rows, read_newest
from consumers.reports.selection import Selection

#: How far back a test's failing is followed.
FAILING_BACK = timedelta(days=90)
#: Parts of runs of a suite that are looked at, first the newest few: most tests were fine not long ago.
DEPTHS = (60, 600, 6_000)


@dataclass(frozen=True, slots=True)
class Followed:
    """The streak of a test as far as a history tells; `to_its_begin` once a run is known in which it did not fail."""

    streak: Streak | None
    to_its_begin: bool


def read_streaks(
    connection: Connection, selection: Selection, tests: Collection[TestKey], end: datetime
) -> dict[TestKey, Streak | None]:
    """Return since when each test fails, of those runs that a selection takes and that finished before `end`."""
    found: dict[TestKey, Streak | None] = {}
    left = set(tests)
    for depth in DEPTHS:
        if not left:
            break
        suites = {suite for suite, _ in left}
        history = by_suite(read_newest(connection, selection, suites, end, FAILING_BACK, depth))
        oldest = min((runs[0].finished_at for runs in history.values()), default=0)
        failing = read_failing_rows(connection, left, oldest - PARTS_APART, end)
        for test in sorted(left):
            runs = history.get(test[0], [])
            followed = follow(runs, failing[test])
            found[test] = followed.streak
            if followed.to_its_begin or sum(len(run.rows) for run in runs) < depth:
                left.remove(test)
    return found


def follow(history: Iterable[Run], failing_rows: Collection[int]) -> Followed:
    """Follow a test through the runs of its suite, oldest first, given the rows of those in which it failed.

    Of several streams in which it fails, the one in which it began first is told.
    """
    fine_before: set[Stream] = set()
    since: dict[Stream, int] = {}
    for run in history:
        if any(row in failing_rows for row in run.rows):
            since.setdefault(run.stream, run.finished_at)
        elif run.conclusive:
            fine_before.add(run.stream)
            since.pop(run.stream, None)
    streaks = [Streak(stream.branch, moment) for stream, moment in since.items()]
    return Followed(min(streaks, key=lambda streak: streak.since, default=None), since.keys() <= fine_before)
