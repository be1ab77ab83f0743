"""`runmail publish spool`: send the events that wait in a folder, as a job that runs now and then does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consumers.contract import BrokerUnavailable, Publisher, Spool, SpoolUnusable
from worker.cli import entry, shown
from worker.cli.progress import Progress
from worker.cli.publishing import AsJson, tell_set_aside


def spool(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The folder given to --spool. Default: RUNMAIL_SPOOL.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Only list the files that wait, oldest first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send the events that wait in DIR because no broker answered when they were published.

    A file that is no event is set aside and named. While another publisher sends them, there is nothing to do.
    """
    settings = entry.settings()
    folder = folder or settings.spool
    if folder is None:
        shown.fail("say which folder: `runmail publish spool DIR`, or set RUNMAIL_SPOOL", 2)
    found = Spool(folder)
    try:
        waiting = found.waiting()
        if list_:
            _list(waiting, as_json=as_json)
            return
        away = None
        if waiting:
            with Progress("publishing events"), Publisher(entry.broker_url(settings), spool=found) as publisher:
                away = publisher.publish_spooled()
        still = len(found.waiting())
    except (SpoolUnusable, BrokerUnavailable) as error:
        shown.fail(str(error))
    tell_set_aside(found)
    if as_json:
        shown.print_json(
            {
                "published": found.sent,
                "waiting": still,
                "set_aside": [{"file": str(path), "text": refused.text} for path, refused in found.set_aside],
            }
        )
    if away is not None:
        shown.fail(f"{away}; {still} events wait in {folder}")
    if not as_json:
        shown.say(f"{found.sent} published, {still} waiting in {folder}")
    if found.set_aside:
        raise typer.Exit(1)


def _list(waiting: list[Path], *, as_json: bool) -> None:
    if as_json:
        shown.print_json({"waiting": [str(path) for path in waiting]})
        return
    for path in waiting:
        shown.say(str(path))
