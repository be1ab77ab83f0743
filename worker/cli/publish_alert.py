"""`runmail publish alert`: one event that something needs attention, or no longer does."""

from __future__ import annotations

import os
import socket
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from consumers.contract.alert_event import AlertStatement, alert_event
from consumers.contract.ci import read_ci
from consumers.contract.sizes import MAX_EVENT_BYTES
from worker.cli import stated
from worker.cli.publishing import AsJson, DryRun, NoMask, SpoolFolder, publish_one


def alert(
    profile: stated.Profile,
    key: Annotated[str, typer.Option(help="What makes two alerts the same: what is wrong, and with what.")],
    title: Annotated[str, typer.Option(help="What is wrong, in one line.")],
    to: stated.To = None,
    severity: Annotated[str | None, typer.Option(help="critical, warning or info. Default: warning.")] = None,
    status: Annotated[str | None, typer.Option(help="firing or resolved. Default: firing.")] = None,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT|-", help="More words; - reads them from standard input.")
    ] = None,
    starts_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it began, ISO 8601; local time without an offset.")
    ] = None,
    ends_at: Annotated[str | None, typer.Option(metavar="TIME", help="When it ended, for a resolved one.")] = None,
    url: stated.Url = None,
    label: stated.Labels = None,
    id_: Annotated[str | None, typer.Option("--id", help="Id of the event. Default: derived from the alert.")] = None,
    source: stated.Source = None,
    no_mask: NoMask = False,
    spool: SpoolFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publish that something needs attention, or with --status resolved that it no longer does.

    With --starts-at, or within one CI step, repeating the command is one event; elsewhere each time is its own.
    """
    statement = AlertStatement(
        profile=profile,
        key=key,
        title=title,
        recipients=stated.addresses(to),
        severity=severity,
        status=status,
        description=sys.stdin.read(MAX_EVENT_BYTES) if description == "-" else description,
        starts_at=stated.moment("--starts-at", starts_at),
        ends_at=stated.moment("--ends-at", ends_at),
        url=url,
        labels=stated.labels(label),
        id=id_,
        source=source,
    )
    publish_one(
        "alert",
        lambda: alert_event(
            statement, read_ci(os.environ), host=socket.gethostname(), now=datetime.now(UTC), mask=not no_mask
        ),
        spool=spool,
        dry_run=dry_run,
        as_json=as_json,
    )
