"""Reading the reports that options name: each file once, each that cannot be read said in one line."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from consumers.contract.tally import Results
from consumers.results.malformed import MalformedReport
from consumers.results.reports import find_reports, read_reports
from worker.cli import shown
from worker.cli.progress import Progress

#: What the files of a folder end in, by the format that is asked for.
JUNIT, CTRF = ".xml", ".json"


def read_named(named: Iterable[tuple[str, str]], progress: Progress) -> tuple[Results, bool]:
    """Read what patterns name, each with the ending of its files in a folder; all together are one run.

    Return the results and whether all of it was found and could be read to its end; what was not is said on stderr.
    """
    found: dict[str, Path] = {}
    faults: list[MalformedReport] = []
    for pattern, suffix in named:
        paths = find_reports([pattern], suffix)
        found.update({os.path.realpath(path): path for path in paths})
        if not paths:
            faults.append(MalformedReport("no_report", f"no report matches {pattern}"))
    results, broken = read_reports(progress.counting(found.values()))
    faults += broken
    for fault in faults:
        shown.warn(str(fault))
    return results, not faults
