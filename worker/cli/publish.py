"""`runmail publish FILE|-`: the door for files of events, and the group that `run-finished` belongs to.

A file stands where a command's name would, so the group hands what is no command's name to the command that takes
files. What is refused is said line by line on stderr and costs nothing else of the same input.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, BinaryIO

import typer
from typer.core import TyperCommand, TyperGroup

from consumers.contract import Event, MalformedEvent, read_events
from consumers.contract.preparing import prepared
from worker.cli import shown
from worker.cli.progress import Progress
from worker.cli.publish_alert import alert
from worker.cli.publish_run import run_finished
from worker.cli.publish_spool import spool as send_spooled
from worker.cli.publish_started import run_started
from worker.cli.publish_summary import summary
from worker.cli.publishing import AsJson, DryRun, NoMask, Outcome, SpoolFolder, publish

#: Name of the command that takes files, which no file can have by mistake; it is what the usage line shows.
FILES = "FILE|-"


class _PublishGroup(TyperGroup):
    """A group in which whatever is no command's name is a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [FILES, *args]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [FILES, "[OPTIONS]"]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show what the files' command takes beside the commands."""
        both = copy.copy(self)
        both.params = [*self.commands[FILES].params, *self.params]
        TyperGroup.format_help(both, ctx, formatter)


class _FilesCommand(TyperCommand):
    """The command whose argument is its name already."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return ["[OPTIONS]"]


app = typer.Typer(
    cls=_PublishGroup,
    no_args_is_help=True,
    help="Publish events from a file: one event, a JSON array, or one event per line. - reads standard input.\n\n"
    "Every good event is published; each refused one is a line on stderr that names line and field, and makes the "
    "exit code 1. Sizes, ids and formats: docs/publishing.md.",
    epilog="Examples: runmail publish events.jsonl · "
    "runmail publish run-finished --profile 'QA alerts' --junit 'reports/*.xml'",
)


@app.command(FILES, cls=_FilesCommand, hidden=True, epilog="Example: runmail publish events.jsonl --json")
def files(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="File of events; - is standard input.")],
    no_mask: NoMask = False,
    spool: SpoolFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Publish events from a file: one event, a JSON array, or one event per line. - reads standard input."""
    with _opened(file) as stream, Progress("publishing events") as progress:
        outcome = Outcome("standard input" if file == "-" else file)
        events = progress.counting(_good_events(stream, outcome, mask=not no_mask))
        publish(events, outcome, dry_run=dry_run, spool=spool)
    outcome.tell(as_json=as_json, dry_run=dry_run)


app.command(
    "run-finished",
    epilog="Example: runmail publish run-finished --profile 'QA alerts' --to team@example.com --junit 'reports/*.xml'",
)(run_finished)
app.command(
    "run-started",
    epilog="Example: runmail publish run-started --profile 'QA alerts' --to team@example.com --deadline 60",
)(run_started)
app.command(
    "alert",
    epilog="Example: runmail publish alert --profile 'QA alerts' --key disk-7 --title 'Disk 7 is 90 % full'",
)(alert)
app.command(
    "summary",
    epilog="Example: runmail publish summary --profile 'QA alerts' --title 'Nightly' --suite api='reports/api/*.xml'",
)(summary)
app.command("spool", epilog="Example: runmail publish spool /var/spool/runmail")(send_spooled)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(file, "rb")  # noqa: SIM115 - only opening may fail here; reading is the caller's
    except OSError as error:
        shown.fail(f"{file}: {(error.strerror or 'cannot be read').lower()}")
    with stream:
        yield stream


def _good_events(stream: BinaryIO, outcome: Outcome, *, mask: bool) -> Iterator[Event]:
    """Yield every event that can be published; note the others as they come."""
    for line, found in read_events(stream):
        try:
            if isinstance(found, MalformedEvent):
                raise found
            yield prepared(found, mask=mask)
        except MalformedEvent as refused:
            outcome.refuse(refused, line)
