"""`runmail publish summary`: one event that sums up several runs, from reports, counts by hand, or ready figures."""

from __future__ import annotations

import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from consumers.contract import MalformedEvent
from consumers.contract.ci import read_ci
from consumers.contract.reading import read_json
from consumers.contract.summary_event import SummaryStatement, summary_event
from consumers.contract.tally import Results
from consumers.results.stated_counts import CountsConflict, StatedCounts
from consumers.results.summing import figures_of
from worker.cli import shown, stated
from worker.cli.progress import Progress
from worker.cli.publishing import AsJson, DryRun, NoMask, SpoolFolder, publish_one
from worker.cli.report_files import CTRF, JUNIT, read_named

#: Bytes of ready figures; an event has fewer, what is above is shortened.
MAX_FIGURES = 16 * 1024 * 1024


def summary(
    profile: stated.Profile,
    title: Annotated[
        str | None, typer.Option(help="Title of the summary; the title in --data stands without it.")
    ] = None,
    to: stated.To = None,
    suite: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=REPORTS",
            help="Reports (JUnit or CTRF; file, pattern or folder) of one run of a suite; repeat for more suites, "
            "and for more runs of one, oldest first.",
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Ready figures as JSON: totals, suites, worst, period.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin of the period, ISO 8601; a date will do.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="End of the period, not included.")] = None,
    runs: stated.Count = None,
    total: stated.Count = None,
    passed: stated.Count = None,
    failed: stated.Count = None,
    errors: stated.Count = None,
    skipped: stated.Count = None,
    flaky: stated.Count = None,
    url: stated.Url = None,
    label: stated.Labels = None,
    id_: Annotated[str | None, typer.Option("--id", help="Id of the event. Default: derived from the summary.")] = None,
    source: stated.Source = None,
    no_mask: NoMask = False,
    spool: SpoolFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publish a summary of several runs: from their reports (--suite), counts by hand, or ready figures (--data).

    With a period, or within one CI step, repeating the command is one event; elsewhere each time is its own.
    """
    counts = stated.counts(total=total, passed=passed, failed=failed, errors=errors, skipped=skipped, flaky=flaky)
    if sum((bool(suite), data is not None, counts is not None)) != 1:
        shown.fail("say what the summary is of: --suite NAME=REPORTS …, counts such as --passed 10, or --data FILE", 2)
    if runs is not None and counts is None:
        shown.fail("--runs goes with counts by hand; with --suite the runs are counted", 2)
    if (since is None) != (until is None):
        shown.fail("a period has two ends: give --since and --until", 2)
    first, last = stated.moment("--since", since), stated.moment("--until", until)
    statement = SummaryStatement(
        profile=profile,
        title=title,
        recipients=stated.addresses(to),
        period=(first, last) if first and last else None,
        url=url,
        labels=stated.labels(label),
        id=id_,
        source=source,
    )
    figures = _figures(suite, data, counts, runs)
    publish_one(
        "summary",
        lambda: summary_event(
            statement, figures, read_ci(os.environ), host=socket.gethostname(), now=datetime.now(UTC), mask=not no_mask
        ),
        spool=spool,
        dry_run=dry_run,
        as_json=as_json,
    )


def _figures(
    suites: list[str] | None, data: str | None, counts: StatedCounts | None, runs: int | None
) -> dict[str, Any]:
    """Return the figures of the one source that is given."""
    if suites:
        with Progress("reading reports") as progress:
            return figures_of(_runs(suites, progress))
    if counts is not None:
        return {"totals": _totals(counts, runs)}
    assert data is not None
    return _read_figures(data)


def _runs(suites: list[str], progress: Progress) -> list[tuple[str, Results]]:
    """Read the reports of each run; what cannot be read ends the command, for a summary without it would be wrong."""
    found: list[tuple[str, Results]] = []
    is_whole = True
    for name, pattern in stated.pairs("--suite", suites, "checkout-api='reports/*.xml'"):
        holds_ctrf = Path(pattern).is_dir() and not any(Path(pattern).rglob(f"*{JUNIT}"))
        results, could_be_read = read_named([(pattern, CTRF if holds_ctrf else JUNIT)], progress)
        found.append((name, results))
        is_whole = is_whole and could_be_read
    if not is_whole:
        shown.fail("nothing was published: a summary without these reports would be wrong")
    return found


def _totals(counts: StatedCounts, runs: int | None) -> dict[str, int]:
    try:
        return {**counts.counts().model_dump(), "runs": runs or 0}
    except CountsConflict as conflict:
        shown.fail(f"the counts do not agree: {conflict}", 2)


def _read_figures(file: str) -> dict[str, Any]:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(MAX_FIGURES + 1)
        else:
            with open(file, "rb") as stream:
                content = stream.read(MAX_FIGURES + 1)
        if len(content) > MAX_FIGURES:
            shown.fail(f"{file}: has more than {MAX_FIGURES} bytes")
        figures = read_json(content)
    except MalformedEvent as malformed:
        shown.fail(f"{file}: {malformed}")
    except OSError as error:
        shown.fail(f"{file}: {(error.strerror or 'cannot be read').lower()}")
    if not isinstance(figures, dict):
        shown.fail(f"{file}: must be a JSON object with totals, suites, worst or period")
    return figures
