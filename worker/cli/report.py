"""`runmail report`: ask for a summary of recorded runs, or see it without sending."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from consumers.contract import Event, ReportRequested
from consumers.contract.ci import CiFacts, read_ci
from consumers.contract.period_names import read_span
from worker.cli import shown
from worker.cli.progress import Progress
from worker.cli.publishing import Outcome, publish
from worker.cli.report_options import (
    Branch,
    Environment,
    PeriodOption,
    ProfileOption,
    RunsOf,
    SkipEmpty,
    Suite,
    Title,
    To,
    addresses,
    read_request,
    request_data,
)


def mount(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(epilog="Example: runmail report --profile 'QA alerts' --to team@example.com --period yesterday")(report)


def report(
    profile: ProfileOption,
    to: To = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="SPAN|TIME", help="Since 24h, 7d or 2w ago, or a time; local time without an offset."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="With --since TIME: its end. Default: now.")] = None,
    period: PeriodOption = None,
    suite: Suite = None,
    branch: Branch = None,
    environment: Environment = None,
    runs_of: RunsOf = None,
    title: Title = None,
    skip_empty: SkipEmpty = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the summary from the database; send nothing, needs no broker.")
    ] = False,
    preview: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the mail as files into a folder; send nothing.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Id of the request: the same id twice is one mail. Default: see docs.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Source of the request. Default: the CI's job, else this host.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Ask for a summary of the runs that finished in a period: by mail, or with --dry-run on the terminal.

    Without a period it is the last 24 hours. Days, weeks (from Monday) and months are those of the profile's time zone.
    """
    now = datetime.now(UTC)
    data = request_data(
        profile=profile,
        recipients=addresses(to),
        title=title,
        suites=suite,
        branch=branch,
        environment=environment,
        runs_of=runs_of,
        skip_empty=skip_empty,
        **_when(since, until, period),
    )
    ci = read_ci(os.environ)
    event = read_request(id_ or _request_id(ci, data, now), source or ci.source or socket.gethostname(), now, data)
    if dry_run or preview:
        _show(event, preview, as_json=as_json)
        return
    outcome = Outcome("report")
    publish([event], outcome, dry_run=False)
    outcome.tell(as_json=as_json, dry_run=False)


def _when(since: str | None, until: str | None, period: str | None) -> dict[str, Any]:
    """Return what the options say of time; `--since 24h` is the period of that name."""
    if since is not None and period is not None:
        shown.fail("--since and --period: one of them", 2)
    if since is not None and read_span(since):
        if until is not None:
            shown.fail(f"--until goes with a time in --since, not with {since}", 2)
        return {"period": since}
    return {
        "period": period,
        "since": since and _moment("--since", since),
        "until": until and _moment("--until", until),
    }


def _moment(option: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        shown.fail(f"{option} {text}: must be a time such as 2026-11-20T06:00:00Z, or 24h, 7d, 2w for --since", 2)


def _request_id(ci: CiFacts, data: dict[str, Any], now: datetime) -> str:
    """Derive the id of a request: repeating the command in one CI job is one request, elsewhere each is a new one."""
    when = ["job", ci.run_id, ci.attempt] if ci.run_id else ["moment", now.isoformat()]
    return hashlib.sha256(json.dumps([when, data], sort_keys=True, default=str).encode()).hexdigest()[:40]


def _show(event: ReportRequested, folder: Path | None, *, as_json: bool) -> None:
    """Compute the summary here and print it, or write its mail."""
    from consumers.mails.preview import preview
    from consumers.mails.rendering import Renderer
    from consumers.mails.template_check import TemplatesRefused, load_sets
    from consumers.notice import Question, Skip
    from consumers.reports.answering import answer
    from profiles.errors import UnknownProfile
    from worker.cli import standing

    ground = standing.ground()
    try:
        profile = ground.profiles.by_name(event.data.profile)
    except UnknownProfile as error:
        shown.fail(str(error))
    with Progress("computing the summary"):
        found = answer(ground.engine, 0, Question(event), profile)
    if isinstance(found, Skip):
        shown.print_json({"skipped": found.reason}) if as_json else shown.say("Nothing to report: no run finished.")
        return
    if as_json and folder is None:
        shown.print_json(found.to_json())
        return
    try:
        renderer = Renderer(load_sets(ground.settings.templates))
    except TemplatesRefused as error:
        shown.fail(str(error))
    mail = preview(found, profile, profile.from_address, renderer, datetime.now(UTC))
    if folder is None:
        _print_mail(found, mail.subject, mail.text)
        return
    try:
        paths = mail.write(folder)
    except OSError as error:
        shown.fail(f"{folder} cannot be written: {error.strerror}")
    if as_json:
        shown.print_json({"subject": mail.subject, "bytes": len(mail.message), "files": [str(path) for path in paths]})
        return
    shown.say(mail.subject)
    for path in paths:
        shown.say(f"  {path}")


def _print_mail(event: Event, subject: str, text: str) -> None:
    """Print a mail's text without what stands below every mail."""
    shown.say(subject)
    shown.say("")
    for line in text.partition("\n-- \n")[0].rstrip().splitlines():
        shown.say(line)
