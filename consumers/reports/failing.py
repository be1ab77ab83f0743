"""Failing since: when a test began to fail that still does. Pure.

It is followed in each stream (suite, branch and environment) on its own. The first failing run after the last run in
which the test did not fail is when it began. A run that was cut off, lacks a part or does not name all its failing
tests says nothing about a test that is not among them: fixed after aborted is not fixed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from consumers.reports.merging import Run, Stream


@dataclass(frozen=True, slots=True)
class Streak:
    """Where and since when (milliseconds UTC) a test fails."""

    stream: Stream
    since: int


def longest_streak(history: Iterable[Run], failing_rows: Collection[int]) -> Streak | None:
    """Return the streak of a test that began first; None when it fails nowhere any more.

    `history` are the runs of its suite, oldest first; `failing_rows` the rows of those in which it failed.
    """
    open_since: dict[Stream, int] = {}
    for run in history:
        if any(row in failing_rows for row in run.rows):
            open_since.setdefault(run.stream, run.finished_at)
        elif run.conclusive:
            open_since.pop(run.stream, None)
    streaks = [Streak(stream, since) for stream, since in open_since.items()]
    return min(streaks, key=lambda streak: streak.since, default=None)
