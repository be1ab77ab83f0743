"""`runmail events`: what was accepted, and what stands in quarantine."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from consumers.ledger.deciding import NotPossible, replay
from consumers.ledger.states import EventState
from consumers.views.events import EventFilter, find_rows, list_events, show_event
from worker.cli import entry, shown, standing
from worker.cli.completing import profile_names
from worker.cli.story_lines import step_told
from worker.ground import now_milliseconds

app = typer.Typer(
    help="What was accepted, and what stands in quarantine with its reason.",
    no_args_is_help=True,
    epilog="Example: runmail events list --state quarantined",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Which = Annotated[str, typer.Argument(help="Number of the event in the list, or the id it was published with.")]


@app.command("list", epilog="Example: runmail events list --state quarantined --json")
def list_(
    state: Annotated[EventState | None, typer.Option(help="Only events in this state.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only this CloudEvents type.")] = None,
    profile: Annotated[
        str | None, typer.Option(autocompletion=profile_names, help="Only events for this profile.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List events, newest first."""
    wanted = EventFilter(state.value if state else None, type_, profile, limit)
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = list_events(connection, wanted)
    if as_json:
        shown.print_json(found)
    elif not found:
        shown.say("No events." if wanted == EventFilter(limit=limit) else "No such events.")
    else:
        columns = ("id", "state", "type", "event_id", "profile", "reason", "recorded_at")
        shown.print_table(columns, ([row[name] for name in columns] for row in found))


@app.command(epilog="Example: runmail events show run-2209")
def show(which: Which, as_json: AsJson = False) -> None:
    """Show one event, how its deliveries stand, their story in order, and its content."""
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = [show_event(connection, row) for row in find_rows(connection, which)]
    event = found[-1] if found else None
    if event is None:
        shown.fail(f"there is no event {which}")
    if as_json:
        shown.print_json(event)
        return
    content, steps = event.pop("content"), event.pop("story")
    del event["answers"]
    shown.print_facts({**event, "deliveries": ", ".join(f"{n} {state}" for state, n in event["deliveries"].items())})
    for step in steps:
        shown.say(step_told(step))
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
    for line in text.splitlines():
        shown.say(f"    {line}")


@app.command("replay", epilog="Example: runmail events replay 17")
def replay_(which: Which, as_json: AsJson = False) -> None:
    """Plan a quarantined or skipped event once more, after you mended what was wrong."""
    ground = standing.ground()
    url = entry.broker_url(ground.settings)
    from worker.composition import declare_actors, make_broker  # looking at events rings nothing

    with ground.engine.begin() as connection:
        rows = find_rows(connection, which)
        if not rows:
            shown.fail(f"there is no event {which}")
        try:
            replay(connection, rows[-1], now_milliseconds())
        except NotPossible as error:
            shown.fail(str(error))
    broker = make_broker(url)
    declare_actors(broker).plan.send([rows[-1]])
    broker.client.close()
    if as_json:
        shown.print_json({"id": rows[-1], "state": EventState.ACCEPTED.value})
    else:
        shown.say(f"Event {rows[-1]} will be planned again: `runmail events show {rows[-1]}` tells how it went.")
