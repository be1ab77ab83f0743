"""read_reports: the results of one run from any number of JUnit and CTRF files, counted in one pass.

Test runners write one file, one for each class (Maven) or one for each process; together they are one run.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from consumers.contract.tally import Results, Tally
from consumers.results import ctrf, junit
from consumers.results.malformed import MalformedReport
from consumers.results.span import Span, duration, earlier

#: Bytes that are looked at to tell the formats apart.
_HEAD = 1_000


def find_reports(patterns: Iterable[str], suffix: str = ".xml") -> list[Path]:
    """Return the files that names, folders and patterns (`**` any depth) mean, each once.

    In a folder it is every file below whose name ends in `suffix`.
    """
    found: dict[str, Path] = {}
    for pattern in patterns:
        if os.path.isdir(pattern):
            names: Sequence[str] = glob.glob(os.path.join(glob.escape(pattern), "**", f"*{suffix}"), recursive=True)
        elif os.path.exists(pattern):
            names = [pattern]
        else:
            names = glob.glob(pattern, recursive=True)
        for name in sorted(names):
            if not os.path.isdir(name):
                found.setdefault(os.path.realpath(name), Path(name))
    return list(found.values())


def read_reports(paths: Iterable[Path]) -> tuple[Results, list[MalformedReport]]:
    """Count the tests of all reports; return what they came to and which could not be read to their end.

    What a broken report says before the fault is counted. How long the run took is the rule of `span.duration`.
    """
    tally = Tally()
    spans: list[Span] = []
    faults: list[MalformedReport] = []
    for path in paths:
        try:
            spans.append(_read(path, tally))
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


def _read(path: Path, tally: Tally) -> Span:
    """Read one report as what it holds; where that cannot be told, as what its name says."""
    with path.open("rb") as stream:
        first = stream.peek(_HEAD)[:_HEAD].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
        is_ctrf = first in (b"{", b"[") or (first != b"<" and path.suffix.lower() == ".json")
        return ctrf.read_ctrf(stream, tally) if is_ctrf else junit.read_junit(stream, tally)
