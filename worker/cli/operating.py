"""The commands of an operator: `migrate`, `audit` and `doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from consumers.ledger.books import read_books
from worker import migrate as migrations
from worker.cli import entry, shown, standing
from worker.doctor import examine

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def mount(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(migrate)
    app.command(epilog="Example: runmail audit --json")(audit)
    app.command()(doctor)


def migrate(as_json: AsJson = False) -> None:
    """Bring the database's tables up to date."""
    before, after = migrations.migrate(standing.bare_ground().engine)
    if as_json:
        shown.print_json({"before": before, "after": after})
    elif before == after:
        shown.say(f"The database is up to date ({after}).")
    elif before is not None and not migrations.is_known(before):
        shown.fail(f"the database is newer ({before}) than this program ({after}): upgrade the program")
    else:
        shown.say(f"The database was brought from {before or 'nothing'} to {after}.")


def audit(as_json: AsJson = False) -> None:
    """Add up the books: every event and every mail in exactly one state. Exit 1 if a sum does not come out."""
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        books = read_books(connection)
    if as_json:
        shown.print_json(books.to_json())
    else:
        shown.say("The books balance." if books.balanced else "The books do not balance.")
        for problem in books.problems:
            shown.say(f"  {problem}")
        shown.print_facts({"events": books.accepted, **{f"  {name}": n for name, n in books.events.items() if n}})
        shown.print_facts({"deliveries": books.planned, **{f"  {name}": n for name, n in books.states.items() if n}})
        shown.print_facts({"maybe twice": books.maybe_twice})
    if not books.balanced:
        raise typer.Exit(1)


def doctor(as_json: AsJson = False) -> None:
    """Examine settings, database, broker, clock and profiles, and say what to do. Exit 1 if something is wrong."""
    findings = examine(entry.settings())
    if as_json:
        shown.print_json([finding.to_json() for finding in findings])
    else:
        marks = {"ok": "✓", "warning": "!", "wrong": "✗"}
        for finding in findings:
            shown.say(f"{marks[finding.verdict]} {finding.subject}: {finding.said}")
            if finding.advice:
                shown.say(f"    → {finding.advice}")
    if any(finding.verdict == "wrong" for finding in findings):
        raise typer.Exit(1)
