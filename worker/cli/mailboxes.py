"""`runmail mailboxes`: the folders that are read for answers, and reading them now."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from sqlalchemy import select

from consumers.inbound.collecting import collect
from consumers.inbound.passes import CollectParts, Passed, PassOutcome
from consumers.ledger.mailboxes import Mailbox, add_mailboxes, due_mailboxes, rewind, wanted_mailboxes
from consumers.ledger.waiting import profiles
from consumers.views.mailboxes import list_mailboxes
from profiles.errors import UnknownProfile
from worker.cli import shown, standing
from worker.cli.completing import profile_names
from worker.cli.progress import Progress
from worker.cli.stated import moment
from worker.composition import collect_parts
from worker.ground import Ground, now_milliseconds

app = typer.Typer(
    help="The folders that are read for answers.",
    no_args_is_help=True,
    epilog="Example: runmail mailboxes poll 'QA alerts'",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
#: What each number of a pass is called for people, where it is not zero.
WORDS = {
    "kept": "new",
    "recognised": "known already",
    "passed_over": "older than is asked for",
    "too_large": "too large",
    "unfetched": "not fetchable",
}


@app.command("list", epilog="Example: runmail mailboxes list --json")
def list_(as_json: AsJson = False) -> None:
    """List the folders of profiles with IMAP: when each was last read to its end, and what hinders it."""
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = list_mailboxes(connection)
    if as_json:
        shown.print_json(found)
    elif not found:
        shown.say("No mailboxes: no enabled profile has IMAP settings.")
    else:
        columns = ("profile", "folder", "state", "kept", "complete_at", "reason")
        shown.print_table(columns, ([row[name] for name in columns] for row in found))


@app.command(epilog="Example: runmail mailboxes poll 'QA alerts' --since 2026-11-01")
def poll(
    profile: Annotated[
        str | None, typer.Argument(autocompletion=profile_names, help="Only this profile's folders.")
    ] = None,
    folder: Annotated[str | None, typer.Option(help="Only this folder.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Read again from this day on; what is kept is recognised.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read mailboxes now, in this process and to their end. Needs no broker and no running worker."""
    from_moment = moment("--since", since)
    ground = standing.ground()
    chosen = _chosen(ground, profile, folder)
    if from_moment:
        with ground.engine.begin() as connection:
            rewind(connection, [mailbox.id for _, mailbox in chosen], round(from_moment.timestamp() * 1000))
    parts = collect_parts(ground)
    found = [(name, mailbox.folder, _read(parts, name, mailbox)) for name, mailbox in chosen]
    if as_json:
        shown.print_json([{"profile": name, "folder": folder, **asdict(passed)} for name, folder, passed in found])
    else:
        for name, read, passed in found:
            shown.say(f"{name}, {read}: {_words(passed)}")
    if any(passed.outcome is PassOutcome.FAILED for _, _, passed in found):
        raise typer.Exit(1)


def _chosen(ground: Ground, profile: str | None, folder: str | None) -> list[tuple[str, Mailbox]]:
    """Return the mailboxes that are meant with their profiles' names, or end with 1."""
    try:
        wanted_id = ground.profiles.by_name(profile).id if profile else None
    except UnknownProfile as error:
        shown.fail(str(error))
    now = now_milliseconds()
    with ground.engine.begin() as connection:
        add_mailboxes(connection, due_mailboxes(connection, now)[1], now)
        names = dict(connection.execute(select(profiles.c.id, profiles.c.name)).tuples().all())
        chosen = [
            (names[mailbox.profile_id], mailbox)
            for mailbox, _ in wanted_mailboxes(connection)
            if wanted_id in (None, mailbox.profile_id) and folder in (None, mailbox.folder)
        ]
    if not chosen:
        shown.fail("no such mailbox of an enabled profile with IMAP: see `runmail mailboxes list`")
    return chosen


def _read(parts: CollectParts, name: str, mailbox: Mailbox) -> Passed:
    """Make passes until the folder's end; add up what they came to."""
    total: dict[str, Any] = dict.fromkeys(WORDS, 0)
    with Progress(f"reading {name}, {mailbox.folder}") as progress:

        def report(passed: Passed) -> None:
            kept = total["kept"] + passed.kept + passed.recognised
            progress.say(f"reading {name}, {mailbox.folder}: {kept:,} mails, {passed.left:,} to come")

        while True:
            passed = collect(parts, mailbox.id, report)
            for count in WORDS:
                total[count] += getattr(passed, count)
            if passed.outcome is not PassOutcome.MORE:
                return Passed(passed.outcome, **total, left=passed.left, reason=passed.reason, answer=passed.answer)


def _words(passed: Passed) -> str:
    counts = ", ".join(f"{getattr(passed, count):,} {word}" for count, word in WORDS.items() if getattr(passed, count))
    match passed.outcome:
        case PassOutcome.FAILED:
            answer = f" ({passed.answer})" if passed.answer else ""
            return f"failed, {passed.reason}{answer}; {counts or 'nothing'} before: see `runmail profiles test`"
        case PassOutcome.BUSY:
            return "is being read by another process"
        case PassOutcome.LOST:
            return f"was taken over by another process; {counts or 'nothing'} before"
        case PassOutcome.OFF:
            return "is not to be read: its profile changed meanwhile"
    return counts or "nothing new"
