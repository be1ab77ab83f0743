"""`runmail mutes`: what recipients want no mail about, as they said in answer to it."""

from __future__ import annotations

from typing import Annotated

import typer

from consumers.ledger.mutes import remove_mute
from consumers.views.silences import list_mutes
from worker.cli import shown, standing
from worker.cli.suppressions import read_argument
from worker.ground import now_milliseconds

app = typer.Typer(
    help="What recipients want no mail about.", no_args_is_help=True, epilog="Example: runmail mutes list --json"
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("list", epilog="Example: runmail mutes list --recipient ann@example.com")
def list_(
    recipient: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Only those of this recipient.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the mutes and stops that stand now, newest first."""
    who = read_argument(recipient) if recipient is not None else None
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = list_mutes(connection, now_milliseconds(), who)
    if as_json:
        shown.print_json(found)
    elif not found:
        shown.say("Nobody has muted or stopped anything.")
    else:
        columns = ("id", "kind", "recipient", "about", "until", "asked_by", "delivery_id")
        shown.print_table(columns, ([row[name] for name in columns] for row in found))


@app.command(epilog="Example: runmail mutes remove 3")
def remove(
    which: Annotated[list[int], typer.Argument(help="Numbers of mutes or stops.")], as_json: AsJson = False
) -> None:
    """End mutes and stops: their recipients get mail again."""
    engine = standing.ground().engine
    with engine.begin() as connection:
        removed = [each for each in which if remove_mute(connection, each)]
    if as_json:
        shown.print_json({"removed": removed})
    else:
        for each in removed:
            shown.say(f"Mute {each} has ended.")
    if gone := [each for each in which if each not in removed]:
        shown.fail(f"there is no mute {', '.join(map(str, gone))}")
