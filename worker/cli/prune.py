"""`runmail prune`: old, finished events leave the database, to an archive if you like."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from consumers.ledger.pruning import LEAST_AGE, Finished
from worker import prune as pruning
from worker.cli import shown, standing
from worker.cli.progress import Progress
from worker.ground import now_milliseconds

MILLISECONDS = {"d": 86_400_000, "w": 7 * 86_400_000}


def mount(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(epilog="Example: runmail prune --older-than 90d --archive pruned.jsonl.gz")(prune)


def prune(
    older_than: Annotated[str, typer.Option(metavar="AGE", help="Days or weeks since the last change: 90d, 26w.")],
    archive: Annotated[
        Path | None, typer.Option(help="Append to this file what is deleted, as JSON lines; .gz compresses.")
    ] = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="Also what stands in quarantine and nobody mended.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Delete old events that are finished, with all that belongs to them, in small steps while workers go on.

    What still waits stays. A pruned event that is published again is sent again, and an answer to a pruned mail is
    no longer matched: keep what may come back.
    """
    finished = Finished(now_milliseconds() - _milliseconds(older_than), quarantined)
    engine = standing.ground().engine
    if dry_run:
        gone, outgoing = pruning.count(engine, finished), pruning.count_outgoing(engine, finished.before)
    else:
        gone, outgoing = {}, 0
        try:
            with pruning.archive_file(archive) if archive else nullcontext() as keep, Progress("pruning") as progress:
                for gone in pruning.prune(engine, finished, keep):
                    progress.say(f"pruning: {gone['event']:,} events")
                for outgoing in pruning.prune_outgoing(engine, finished.before, keep):
                    progress.say(f"pruning: {outgoing:,} outgoing events")
        except OSError as error:
            shown.fail(f"{archive} cannot be written ({error.strerror}): {gone.get('event', 0)} events were pruned")
    names = {"events": "event", "deliveries": "delivery", "attempts": "attempt"}
    counts = {**{name: gone.get(table, 0) for name, table in names.items()}, "outgoing_events": outgoing}
    if as_json:
        shown.print_json({"dry_run": dry_run, **counts, "archive": str(archive) if archive and not dry_run else None})
    else:
        told = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
        shown.say(f"{'Would prune' if dry_run else 'Pruned'} {told}.")


def _milliseconds(age: str) -> int:
    """Read an age such as 90d, or end with 2."""
    match = re.fullmatch(r"([0-9]{1,5})([dw])", age)
    milliseconds = int(match[1]) * MILLISECONDS[match[2]] if match else 0
    if milliseconds < LEAST_AGE:
        shown.fail("--older-than takes whole days or weeks such as 90d or 26w, and at least 1d", 2)
    return milliseconds
