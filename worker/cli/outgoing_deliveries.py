"""Deliveries of outgoing events, listed and tried again; for `webhooks` and `workflows` alike."""

from __future__ import annotations

from typing import Annotated

import typer

from consumers.ledger.outgoing import dead_rows, retry_outgoing
from consumers.ledger.outgoing_tables import OutgoingState, TargetKind
from consumers.views.outgoing import OutgoingFilter, list_outgoing
from worker.cli import shown, standing
from worker.ground import now_milliseconds

StateOption = Annotated[OutgoingState | None, typer.Option("--state", help="Only those in this state.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")]
Which = Annotated[
    list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers of deliveries.", show_default=False)
]
Dead = Annotated[bool, typer.Option("--dead", help="All that are dead.")]


def show_deliveries(
    kind: TargetKind, target: str | None, state: OutgoingState | None, limit: int, *, as_json: bool
) -> None:
    """Print deliveries of a kind, newest first."""
    wanted = OutgoingFilter(kind.value, target, state.value if state else None, limit)
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = list_outgoing(connection, wanted)
    if as_json:
        shown.print_json(found)
    elif not found:
        shown.say("No such deliveries.")
    else:
        columns = ("id", "state", "target", "type", "event_id", "attempts", "reason", "due_at")
        shown.print_table(columns, ([row[name] for name in columns] for row in found))


def retry_deliveries(
    kind: TargetKind, which: list[int] | None, target: str | None, *, dead: bool, as_json: bool
) -> None:
    """Try deliveries again now: those with a number, or all dead ones. Exit 1 when one of them cannot be."""
    if bool(which) == dead:
        shown.fail("say which: numbers of deliveries, or --dead", 2)
    with standing.ground().engine.begin() as connection:
        wanted = dead_rows(connection, kind, target) if dead else list(which or ())
        done = retry_outgoing(connection, wanted, kind, now_milliseconds())
    refused = [row_id for row_id in wanted if row_id not in done]
    if as_json:
        shown.print_json({"changed": done, "refused": refused})
    else:
        shown.say(
            "1 delivery will be tried again." if len(done) == 1 else f"{len(done)} deliveries will be tried again."
        )
    if refused:
        numbers = ", ".join(map(str, refused))
        shown.fail(f"not there, done already or of another kind: {numbers}")
