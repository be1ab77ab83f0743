"""read_reports: the results of one run from any number of JUnit files, counted in one pass.

Test runners write one file, one for each class (Maven) or one for each process; together they are one run.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from consumers.contract.tally import Results, Tally
from consumers.results.junit import MAX_REPORT, Span, earlier, read_junit
from consumers.results.malformed import MalformedReport


def find_reports(patterns: Iterable[str]) -> list[Path]:
    """Return the files that names, folders (every `*.xml` below) and patterns (`**` any depth) mean, each once."""
    found: dict[str, Path] = {}
    for pattern in patterns:
        if os.path.isdir(pattern):
            names: Sequence[str] = glob.glob(os.path.join(glob.escape(pattern), "**", "*.xml"), recursive=True)
        elif os.path.exists(pattern):
            names = [pattern]
        else:
            names = glob.glob(pattern, recursive=True)
        for name in sorted(names):
            if not os.path.isdir(name):
                found.setdefault(os.path.realpath(name), Path(name))
    return list(found.values())


def read_reports(paths: Iterable[Path], *, max_bytes: int = MAX_REPORT) -> tuple[Results, list[MalformedReport]]:
    """Count the tests of all reports; return what they came to and which could not be read to their end.

    What a broken report says before the fault is counted. The run's duration is that of its only report; of
    several, the time from the first start to the last end when all say when they began, at least the longest and
    at most the sum of all; else the sum.
    """
    tally = Tally()
    spans: list[Span] = []
    faults: list[MalformedReport] = []
    for path in paths:
        try:
            with path.open("rb") as stream:
                spans.append(read_junit(stream, tally, max_bytes=max_bytes))
        except MalformedReport as fault:
            faults.append(fault.in_file(str(path)))
        except OSError as error:
            text = error.strerror or "cannot be read"
            faults.append(MalformedReport("unreadable_file", text.lower(), file=str(path)))
    start: datetime | None = None
    for span in spans:
        start = earlier(start, span.start)
    aware = start if start is not None and start.tzinfo is not None else None
    return tally.results(duration(spans), aware), faults


def duration(spans: Sequence[Span]) -> float | None:
    """Return how long a run of these reports took in seconds, by the rule of `read_reports`."""
    seconds = [span.seconds for span in spans if span.seconds is not None]
    if not seconds:
        return None
    together = _first_start_to_last_end(spans)
    total = sum(seconds)
    return total if together is None else min(max(together, *seconds, 0.0), total)


def _first_start_to_last_end(spans: Sequence[Span]) -> float | None:
    """Return the seconds between, or None when the starts cannot be believed: missing, mixed or all the same."""
    known = [(span.start, span.seconds) for span in spans if span.start is not None and span.seconds is not None]
    starts = {start for start, _ in known}
    if len(known) < len(spans) or len(starts) < 2 or len({start.tzinfo is None for start in starts}) > 1:
        return None
    return (max(start + timedelta(seconds=seconds) for start, seconds in known) - min(starts)).total_seconds()
