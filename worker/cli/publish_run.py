"""`runmail publish run-finished`: one event that says how a test run ended, from its reports and the CI's variables."""

from __future__ import annotations

import os
import re
import socket
from datetime import UTC, datetime
from typing import Annotated

import typer

from consumers.contract import MalformedEvent
from consumers.contract.ci import read_ci
from consumers.contract.run_event import OUTCOME_WORDS, Statement, run_event
from consumers.contract.sizes import fit
from consumers.contract.tally import Results
from consumers.results.malformed import MalformedReport
from consumers.results.reports import find_reports, read_reports
from worker.cli import shown
from worker.cli.publishing import AsJson, DryRun, Outcome, Progress, publish

_SHARD = re.compile(r"(\d{1,6})/(\d{1,6})\Z", re.ASCII)


def run_finished(
    profile: Annotated[str, typer.Option(help="Name of the e-mail profile that sends the mail.")],
    to: Annotated[
        list[str] | None, typer.Option(help="Address to write to; repeat for more. Default: those of the profile.")
    ] = None,
    junit: Annotated[
        list[str] | None,
        typer.Option(help="JUnit XML report, pattern ('reports/**/*.xml') or folder; repeat for more."),
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
    label: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Label; repeat for more.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Id of the event. Default: derived from the run.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Source of the event. Default: the repository, else this host.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publish that a test run finished, from its JUnit reports.

    In GitHub Actions, GitLab CI and Jenkins, what is not given is taken from the CI's variables.

    Repeating the command in one CI step is one event.
    """
    stated = Statement(
        profile=profile,
        recipients=tuple(address.strip() for text in to or () for address in text.split(",") if address.strip()),
        suite=suite,
        outcome=OUTCOME_WORDS[_outcome_word(outcome)] if outcome else None,
        branch=branch,
        commit=commit,
        environment=environment,
        run_id=run_id,
        url=url,
        id=id_,
        source=source,
        shard=read_shard(shard) if shard else None,
        started_at=_moment(started_at) if started_at else None,
        labels=dict(_label(text) for text in label or ()),
    )
    told = Outcome("run-finished")
    with Progress("reading reports") as progress:
        results = _results([*(junit or ()), *(reports or ())], stated, progress)
        try:
            event = fit(
                run_event(stated, results, read_ci(os.environ), host=socket.gethostname(), now=datetime.now(UTC))
            )
        except MalformedEvent as refused:
            told.refuse(refused)
        else:
            publish([event], told, dry_run=dry_run)
    told.tell(as_json=as_json, dry_run=dry_run)


def _results(patterns: list[str], stated: Statement, progress: Progress) -> Results:
    """Read the reports; a broken or missing one ends the command unless the outcome is stated."""
    if not patterns and stated.outcome is None:
        shown.fail("say what came of the run: --junit 'reports/*.xml', or --outcome", 2)
    faults = [MalformedReport("no_report", f"no report matches {p}") for p in patterns if not find_reports([p])]
    results, broken = read_reports(progress.counting(find_reports(patterns)))
    for fault in [*faults, *broken]:
        shown.warn(str(fault))
    if (faults or broken) and stated.outcome is None:
        shown.fail("nothing was published; with --outcome, such as --outcome error, what can be read is")
    return results


def _outcome_word(text: str) -> str:
    word = text.strip().lower().replace("-", "_").replace(" ", "_")
    if word not in OUTCOME_WORDS:
        shown.fail(f"--outcome {text}: must be passed, failed, error, cancelled or timed_out", 2)
    return word


def read_shard(text: str) -> dict[str, int]:
    """Read which part of a run is meant; ends the program where the text is none."""
    match = _SHARD.match(text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        shown.fail(f"--shard {text}: must be such as 2/5, the second of five", 2)
    return {"index": int(match[1]), "total": int(match[2])}


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        shown.fail(f"--started-at {text}: must be such as 2026-11-20T06:02:11Z", 2)


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals):
        shown.fail(f"--label {text}: must be such as team=payments", 2)
    return name.strip(), value.strip()
