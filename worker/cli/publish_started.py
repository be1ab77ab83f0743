"""`runmail publish run-started`: a run began, and people are told if it does not report its end in time."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import Annotated

import typer

from consumers.contract.ci import read_ci
from consumers.contract.run_event import Statement
from consumers.contract.start_event import start_event
from worker.cli import shown, stated
from worker.cli.publishing import AsJson, DryRun, SpoolFolder, publish_one


def run_started(
    profile: Annotated[str, typer.Option(help="Name of the e-mail profile that would send the mail.")],
    deadline: Annotated[
        float, typer.Option(metavar="MINUTES", min=0, max=10_080, help="How long to wait for the end; at most a week.")
    ],
    to: Annotated[
        list[str] | None, typer.Option(help="Address to write to; repeat for more. Default: those of the profile.")
    ] = None,
    suite: Annotated[str | None, typer.Option(help="What runs. Default: the repository's name, from CI.")] = None,
    branch: Annotated[str | None, typer.Option(help="Branch or tag. Default: from CI.")] = None,
    commit: Annotated[str | None, typer.Option(help="Commit. Default: from CI.")] = None,
    run_id: Annotated[str | None, typer.Option(help="Id of the run. Default: from CI.")] = None,
    url: Annotated[str | None, typer.Option(help="Where people see the run. Default: from CI.")] = None,
    environment: Annotated[str | None, typer.Option(help="Where it runs, such as staging. Default: from CI.")] = None,
    shard: Annotated[str | None, typer.Option(metavar="N/TOTAL", help="Which part of the run, such as 2/5.")] = None,
    finish_id: Annotated[
        str | None, typer.Option(help="What `run-finished --id` will say. Default: derived from the run as there.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Source of both events. Default: the repository, else this host.")
    ] = None,
    spool: SpoolFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publish that a test run began, so that people are told when its end is not reported in time.

    `run-finished` in the same CI job, with the same profile, suite and environment, is the end that is waited for.

    Repeating the command in one CI step is one event.
    """
    ci = read_ci(os.environ)
    suite = suite or ci.name
    if suite is None:
        shown.fail("say what runs: --suite, as run-finished will", 2)
    if not (finish_id or run_id or ci.run_id):
        shown.fail("say which run this is: --run-id, as run-finished will, or --finish-id, which is its --id", 2)
    statement = Statement(
        profile=profile,
        recipients=stated.addresses(to),
        suite=suite,
        branch=branch,
        commit=commit,
        environment=environment,
        run_id=run_id,
        url=url,
        id=finish_id,
        source=source,
        shard=stated.shard(shard),
    )
    seconds, now, host = deadline * 60, datetime.now(UTC), socket.gethostname()
    publish_one(
        "run-started",
        lambda: start_event(statement, ci, suite=suite, deadline_seconds=seconds, host=host, now=now),
        spool=spool,
        dry_run=dry_run,
        as_json=as_json,
    )
