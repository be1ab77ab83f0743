"""The commands of an operator: `migrate`, `audit` and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from consumers.ledger.books import Books, read_books
from worker import revisions
from worker.cli import entry, shown, standing
from worker.cli.progress import Progress
from worker.database import open_snapshot

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def mount(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(epilog="Example: runmail migrate --check")(migrate)
    app.command(epilog="Example: runmail audit --json; runmail audit --against /var/log/taken.tsv --since 2026-11-01")(
        audit
    )
    app.command(epilog="Example: runmail doctor --strict --json")(doctor)


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether a migration is due: exit 1 if it is. Changes nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database's tables up to date, while workers of the old program go on."""
    engine = standing.bare_ground().engine
    if check:
        _check(revisions.current(engine), as_json=as_json)
        return
    from worker.migrate import migrate as bring_up_to_date  # alembic, which `audit` and `doctor` need not wait for

    with Progress("migrating"):
        before, after = bring_up_to_date(engine)
    if as_json:
        shown.print_json({"before": before, "after": after})
    elif after != revisions.newest():
        shown.say(f"The database is newer ({after}) than this program, which works beside it: nothing was changed.")
    elif before == after:
        shown.say(f"The database is up to date ({after}).")
    else:
        shown.say(f"The database was brought from {before or 'nothing'} to {after}.")


def _check(current: str | None, *, as_json: bool) -> None:
    due = revisions.is_due(current)
    if as_json:
        shown.print_json({"current": current, "newest": revisions.newest(), "due": due})
    elif not due:
        newer = "" if current == revisions.newest() else ": newer than this program, which works beside it"
        shown.say(f"The database is up to date ({current}){newer}.")
    elif current is None:
        shown.say("The database has no tables yet: run `runmail migrate`.")
    else:
        shown.say(f"The database is older ({current}) than this program: run `runmail migrate`.")
    if due:
        raise typer.Exit(1)


def audit(
    against: Annotated[
        Path | None,
        typer.Option(
            help="Compare with a receiving server's log: lines of event id, recipient and time, with tabs or as JSON.",
            metavar="FILE",
        ),
    ] = None,
    since: Annotated[
        str, typer.Option(help="With --against: leave out what is older. ISO 8601 or seconds since 1970.")
    ] = "0",
    until: Annotated[
        str | None, typer.Option(help="With --against: how far the log reaches. [the moment the command is run]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add up the books: every event and every mail in exactly one state. Exit 1 if a sum does not come out.

    With --against also 1 if a mail is lost or there twice without the ledger saying that it may be.
    """
    if against is None:
        with open_snapshot(standing.ground().engine) as connection:
            books = read_books(connection)
        show_books(books, as_json=as_json)
        good = books.balanced
    else:
        from worker.cli.against import audit_against

        good = audit_against(against, since, until, as_json=as_json)
    if not good:
        raise typer.Exit(1)


def show_books(books: Books, *, as_json: bool) -> None:
    """Print the books."""
    if as_json:
        shown.print_json(books.to_json())
        return
    shown.say("The books balance." if books.balanced else "The books do not balance.")
    for problem in books.problems:
        shown.say(f"  {problem}")
    shown.print_facts({"events": books.accepted, **{f"  {name}": n for name, n in books.events.items() if n}})
    shown.print_facts({"deliveries": books.planned, **{f"  {name}": n for name, n in books.states.items() if n}})
    shown.print_facts({"maybe twice": books.maybe_twice})


def doctor(
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 on warnings too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Examine settings, database, broker, clock and profiles, and say what to do. Exit 1 if something is wrong."""
    from worker.doctor import examine  # it looks at every part, and so loads them all

    with Progress("examining"):
        findings = list(examine(entry.settings()))
    if as_json:
        shown.print_json([finding.to_json() for finding in findings])
    else:
        marks = {"ok": "✓", "warning": "!", "wrong": "✗"}
        for finding in findings:
            shown.say(f"{marks[finding.verdict]} {finding.subject}: {finding.said}")
            if finding.advice:
                shown.say(f"    → {finding.advice}")
    bad = ("wrong", "warning") if strict else ("wrong",)
    if any(finding.verdict in bad for finding in findings):
        raise typer.Exit(1)
