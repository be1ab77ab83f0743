"""`runmail workflows`: the Python handlers that get outgoing events, and what became of those."""

from __future__ import annotations

from typing import Annotated

import typer

from consumers.ledger.outgoing_tables import TargetKind
from consumers.workflows.handlers import find_handlers, installed
from worker.cli import entry, outgoing_deliveries, shown
from worker.cli.outgoing_deliveries import Dead, Limit, StateOption, Which
from worker.cli.profile_arguments import AsJson

app = typer.Typer(
    help="Python handlers, found by the entry point group runmail.workflows, that get every outgoing event.",
    no_args_is_help=True,
    epilog="Example: runmail workflows list",
)

Handler = Annotated[str | None, typer.Option("--handler", help="Only of this handler.")]


@app.command("list", epilog="Example: runmail workflows list --json")
def list_(as_json: AsJson = False) -> None:
    """List the handlers that are installed here. Exit 1 if one of them cannot be loaded."""
    entry.settings()
    found = list(find_handlers(installed()).values())
    if as_json:
        shown.print_json([{"name": each.name, "place": each.place, "fault": each.fault} for each in found])
    elif not found:
        shown.say("No handlers are installed here: docs/workflows.md says how one is made.")
    else:
        shown.print_table(("name", "place", "fault"), ((each.name, each.place, each.fault) for each in found))
    faulty = [each.name for each in found if each.fault is not None]
    if faulty:
        shown.fail(f"cannot be loaded: {', '.join(faulty)}")


@app.command(epilog="Example: runmail workflows deliveries --state dead --json")
def deliveries(handler: Handler = None, state: StateOption = None, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List what was and is to be delivered to handlers, newest first. State `dead` is what was given up."""
    outgoing_deliveries.show_deliveries(TargetKind.HANDLER, handler, state, limit, as_json=as_json)


@app.command(epilog="Example: runmail workflows retry --dead")
def retry(which: Which = None, dead: Dead = False, handler: Handler = None, as_json: AsJson = False) -> None:
    """Deliver again now, with all its attempts, what was given up or waits."""
    outgoing_deliveries.retry_deliveries(TargetKind.HANDLER, which, handler, dead=dead, as_json=as_json)
