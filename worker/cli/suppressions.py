"""`runmail suppressions`: addresses that get no mail, because it bounces or because an operator says so."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from consumers.ledger.suppressions import lift, suppress
from consumers.views.shown_times import shown_time
from consumers.views.silences import list_suppressions
from profiles.addresses import Address, UnusableAddress, read_address
from worker.cli import shown, standing
from worker.ground import now_milliseconds

app = typer.Typer(
    help="Addresses that get no mail, and why.",
    no_args_is_help=True,
    epilog="Example: runmail suppressions list --json",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="The address.")]
DAY = 86_400_000


@app.command("list", epilog="Example: runmail suppressions list --json")
def list_(as_json: AsJson = False) -> None:
    """List the addresses that get no mail now, newest first."""
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = list_suppressions(connection, now_milliseconds())
    if as_json:
        shown.print_json(found)
    elif not found:
        shown.say("No address is suppressed.")
    else:
        columns = ("recipient", "reason", "since", "until", "note")
        shown.print_table(columns, ([row[name] for name in columns] for row in found))


@app.command(epilog="Example: runmail suppressions add ann@example.com --for 30d --note 'on leave'")
def add(
    who: Who,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="DAYS", help="For how long, such as 30d. Default: until removed.")
    ] = None,
    note: Annotated[str, typer.Option(help="Why, for other operators.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send an address no mail any more. What waits already is sent; what comes is `suppressed`."""
    address = read_argument(who)
    now = now_milliseconds()
    days = re.fullmatch(r"([1-9][0-9]{0,4})d", for_) if for_ is not None else None
    if for_ is not None and days is None:
        shown.fail("--for takes whole days such as 30d", 2)
    until = now + int(days[1]) * DAY if days else None
    with standing.ground().engine.begin() as connection:
        suppress(connection, address, note=note[:500], until=until, now=now)
    if as_json:
        shown.print_json({"recipient": address.wire, "until": shown_time(until)})
    else:
        end = shown_time(until) or "it is removed here"
        shown.say(f"{address.wire} gets no mail until {end}.")


@app.command(epilog="Example: runmail suppressions remove ann@example.com")
def remove(who: Who, as_json: AsJson = False) -> None:
    """Send an address mail again, and forget how often its mail bounced."""
    address = read_argument(who)
    with standing.ground().engine.begin() as connection:
        there = lift(connection, address.key)
    if not there:
        shown.fail(f"{address.wire} is not suppressed")
    if as_json:
        shown.print_json({"recipient": address.wire, "removed": True})
    else:
        shown.say(f"{address.wire} gets mail again.")


def read_argument(text: str) -> Address:
    """Return the address of an argument, or end with what is wrong with it."""
    try:
        return read_address(text)
    except UnusableAddress as error:
        shown.fail(f"“{text}” is no address that mail can be sent to ({error.reason})", 2)
