"""`runmail publish run-finished`: one event that says how a test run ended, from its reports and the CI's variables."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from consumers.contract.ci import read_ci
from consumers.contract.clock_text import read_seconds
from consumers.contract.run_event import OUTCOME_WORDS, Statement, run_event
from consumers.contract.tally import Results
from consumers.results.stated_counts import CountsConflict, StatedCounts
from worker.cli import shown, stated
from worker.cli.progress import Progress
from worker.cli.publishing import AsJson, DryRun, NoMask, SpoolFolder, publish_one
from worker.cli.report_files import CTRF, JUNIT, read_named


def run_finished(
    profile: stated.Profile,
    to: stated.To = None,
    junit: Annotated[
        list[str] | None,
        typer.Option(help="JUnit XML report, pattern ('reports/**/*.xml') or folder; repeat for more."),
    ] = None,
    ctrf: Annotated[
        list[str] | None, typer.Option(help="The same for reports in CTRF, the Common Test Report Format (JSON).")
    ] = None,
    reports: Annotated[
        list[str] | None, typer.Argument(help="More reports, so that an unquoted pattern works too.")
    ] = None,
    suite: Annotated[str | None, typer.Option(help="What ran. Default: the repository's name.")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(help="passed, failed, error, cancelled, timed_out. Default: what the tests say."),
    ] = None,
    branch: Annotated[str | None, typer.Option(help="Branch or tag. Default: from CI.")] = None,
    commit: Annotated[str | None, typer.Option(help="Commit. Default: from CI.")] = None,
    run_id: Annotated[str | None, typer.Option(help="Id of the run. Default: from CI.")] = None,
    url: Annotated[str | None, typer.Option(help="Where people see the run. Default: from CI.")] = None,
    environment: Annotated[str | None, typer.Option(help="Where it ran, such as staging. Default: from CI.")] = None,
    shard: Annotated[str | None, typer.Option(metavar="N/TOTAL", help="Which part of the run, such as 2/5.")] = None,
    started_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it began, ISO 8601; local time without an offset.")
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(metavar="SECONDS", help="How long it took, such as 93.5 or 1:33. Default: the reports."),
    ] = None,
    total: stated.Count = None,
    passed: stated.Count = None,
    failed: stated.Count = None,
    errors: stated.Count = None,
    skipped: stated.Count = None,
    flaky: stated.Count = None,
    label: stated.Labels = None,
    id_: Annotated[str | None, typer.Option("--id", help="Id of the event. Default: derived from the run.")] = None,
    source: stated.Source = None,
    no_mask: NoMask = False,
    spool: SpoolFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publish that a test run finished, from its reports or from counts given by hand.

    In GitHub Actions, GitLab CI and Jenkins, what is not given is taken from the CI's variables.

    Repeating the command in one CI step is one event.
    """
    statement = Statement(
        profile=profile,
        recipients=stated.addresses(to),
        suite=suite,
        outcome=OUTCOME_WORDS[_outcome_word(outcome)] if outcome else None,
        branch=branch,
        commit=commit,
        environment=environment,
        run_id=run_id,
        url=url,
        id=id_,
        source=source,
        shard=stated.shard(shard),
        started_at=stated.moment("--started-at", started_at),
        duration_seconds=_seconds(duration),
        labels=stated.labels(label),
    )
    counts = stated.counts(total=total, passed=passed, failed=failed, errors=errors, skipped=skipped, flaky=flaky)
    named = [
        *((pattern, JUNIT) for pattern in (*(junit or ()), *(reports or ()))),
        *((pattern, CTRF) for pattern in ctrf or ()),
    ]
    if not named and counts is None and statement.outcome is None:
        shown.fail("say what came of the run: --junit 'reports/*.xml', --ctrf FILE, --passed 10 …, or --outcome", 2)
    now = datetime.now(UTC)
    with Progress("reading reports") as progress:
        results, is_whole = read_named(named, progress)
    if not is_whole and statement.outcome is None:
        shown.fail("nothing was published; with --outcome, such as --outcome error, what can be read is")
    results = _agreed(results, counts, has_reports=bool(named))
    # Without a report, the same may be said of another run tomorrow; within a CI run its id tells them apart.
    occasion = None if named or statement.started_at else now.isoformat()
    publish_one(
        "run-finished",
        lambda: run_event(
            statement,
            results,
            read_ci(os.environ),
            host=socket.gethostname(),
            now=now,
            mask=not no_mask,
            occasion=occasion,
        ),
        spool=spool,
        dry_run=dry_run,
        as_json=as_json,
    )


def _agreed(results: Results, counts: StatedCounts | None, *, has_reports: bool) -> Results:
    """Bring counts given by hand and reports together; where they contradict each other the command ends."""
    if counts is None:
        return results
    try:
        if not has_reports:
            return replace(results, counts=counts.counts())
        counts.check(results.counts)
    except CountsConflict as conflict:
        shown.fail(f"the counts do not agree: {conflict}", 2)
    return results


def _outcome_word(text: str) -> str:
    word = text.strip().lower().replace("-", "_").replace(" ", "_")
    if word not in OUTCOME_WORDS:
        shown.fail(f"--outcome {text}: must be passed, failed, error, cancelled or timed_out", 2)
    return word


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    seconds = read_seconds(text)
    if seconds is None:
        shown.fail(f"--duration {text}: must be seconds, such as 93.5, or 1:33", 2)
    return seconds
