"""`runmail deliveries`: every mail and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from consumers.ledger import deciding
from consumers.ledger.states import DeliveryState
from consumers.views.deliveries import DeliveryFilter, list_deliveries, show_delivery
from worker.cli import shown, standing
from worker.cli.completing import profile_names
from worker.cli.story_lines import step_told
from worker.ground import now_milliseconds

app = typer.Typer(
    help="Every mail and what became of it.",
    no_args_is_help=True,
    epilog="Example: runmail deliveries list --state failed --json",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Which = Annotated[list[int], typer.Argument(help="Numbers of deliveries.")]


@app.command("list", epilog="Example: runmail deliveries list --state failed --json")
def list_(
    state: Annotated[DeliveryState | None, typer.Option(help="Only deliveries in this state.")] = None,
    event: Annotated[str | None, typer.Option(help="Only deliveries of the event published with this id.")] = None,
    profile: Annotated[
        str | None, typer.Option(autocompletion=profile_names, help="Only deliveries through this profile.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    wanted = DeliveryFilter(state.value if state else None, event, profile, limit)
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = list_deliveries(connection, wanted)
    if as_json:
        shown.print_json(found)
    elif not found:
        shown.say("No deliveries." if wanted == DeliveryFilter(limit=limit) else "No such deliveries.")
    else:
        columns = ("id", "state", "recipient", "event_type", "event_id", "attempts", "reason", "updated_at")
        shown.print_table(columns, ([row[name] for name in columns] for row in found))


@app.command(epilog="Example: runmail deliveries show 17")
def show(which: Annotated[int, typer.Argument(help="Number of the delivery.")], as_json: AsJson = False) -> None:
    """Show one delivery and its story: its event, attempts and answers in order."""
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = show_delivery(connection, which)
    if found is None:
        shown.fail(f"there is no delivery {which}")
    if as_json:
        shown.print_json(found)
        return
    steps = found.pop("story")
    del found["history"], found["answers"]
    shown.print_facts(
        {name: ("yes" if value else "no") if isinstance(value, bool) else value for name, value in found.items()}
    )
    for step in steps:
        shown.say(step_told(step, with_delivery=False))


@app.command(epilog="Example: runmail deliveries retry 17 18")
def retry(which: Which, as_json: AsJson = False) -> None:
    """Send again now what failed, was deferred, is uncertain or in quarantine."""
    _decide(which, deciding.retry, DeliveryState.PENDING, "will be tried again", as_json)


@app.command(epilog="Example: runmail deliveries hold 17")
def hold(which: Which, as_json: AsJson = False) -> None:
    """Keep waiting deliveries from being sent until they are released."""
    _decide(which, deciding.hold, DeliveryState.HELD, "is held", as_json)


@app.command(epilog="Example: runmail deliveries release 17")
def release(which: Which, as_json: AsJson = False) -> None:
    """Let held deliveries be sent."""
    _decide(which, deciding.release, DeliveryState.PENDING, "is released", as_json)


@app.command(epilog="Example: runmail deliveries settle 17 --sent")
def settle(
    which: Which,
    sent: Annotated[
        bool | None, typer.Option("--sent/--resend", help="It arrived; or send it once more, flagged.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide about uncertain deliveries, after a look into the recipient's or the sender's mailbox."""
    if sent is None:
        shown.fail("say what you found: --sent when it arrived, --resend to send it once more", 2)
    after = DeliveryState.SENT if sent else DeliveryState.PENDING
    said = "is settled as sent" if sent else "will be sent once more"
    _decide(which, partial(deciding.settle_uncertain, sent=sent), after, said, as_json)


def _decide(
    which: list[int],
    change: Callable[[Connection, int, int], None],
    after: DeliveryState,
    said: str,
    as_json: bool,
) -> None:
    """Make a decision about each delivery; those it does not fit are named, the others done."""
    engine = standing.ground().engine
    done: list[dict[str, Any]] = []
    refused: list[str] = []
    for delivery_id in which:
        try:
            with engine.begin() as connection:
                change(connection, delivery_id, now_milliseconds())
            done.append({"id": delivery_id, "state": after.value})
        except deciding.NotPossible as error:
            refused.append(str(error))
    if as_json:
        shown.print_json({"changed": done, "refused": refused})
    else:
        for item in done:
            shown.say(f"Delivery {item['id']} {said}.")
    if refused:
        shown.fail("; ".join(refused))
