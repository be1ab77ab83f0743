"""`runmail replies`: what people and machines answered. `read` understands mail files offline."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from consumers.inbound.reading.outcome import Outcome, Reading
from consumers.inbound.reading.read_mail import MAX_MAIL, Surroundings, read_mail
from worker.cli import replies_kept, shown
from worker.cli.completing import profile_names
from worker.cli.progress import Progress

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="What people and machines answer to the mail of runmail.",
    epilog="Example: runmail replies list --json",
)


#: Milliseconds of the units of an age.
MILLISECONDS = {"d": 86_400_000, "w": 7 * 86_400_000}

app.command("list", epilog="Example: runmail replies list --outcome command --json")(replies_kept.list_)
app.command(epilog="Example: runmail replies show 84")(replies_kept.show)
app.command(epilog="Example: runmail replies reclassify 84 85")(replies_kept.reclassify)


@app.callback()
def replies() -> None:
    """What people and machines answer to the mail of runmail."""


@app.command(epilog="Example: runmail replies read answer.eml · runmail replies read corpus/ --json")
def read(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Mail files, folders of *.eml, Maildirs; - is standard input.")
    ],
    authserv_id: Annotated[
        str | None, typer.Option(help="Whose Authentication-Results count, as in the profile's authserv_id.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a file, each on a line.")] = False,
) -> None:
    """Say what mail files are understood as. Needs neither broker nor database; nothing is kept.

    What only a mailbox can tell (duplicates, our own addresses, whether a token is genuine) is not told.
    """
    surroundings = Surroundings(authserv_id=authserv_id)
    unreadable = 0
    with Progress("reading mails") as progress:
        for name in progress.counting(_named(files)):
            reading = _read(name, surroundings)
            if reading is None or reading.outcome is Outcome.UNREADABLE:
                unreadable += 1
            if reading is not None:
                _print(name, reading, as_json=as_json)
    if unreadable:
        raise typer.Exit(1)


@app.command(epilog="Example: runmail replies purge --older-than 90d · … --sender ann@example.com --everything")
def purge(
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="Only mails kept longer ago: 90d, 26w; 0d is all.")
    ] = "0d",
    profile: Annotated[
        str | None, typer.Option(autocompletion=profile_names, help="Only this profile's mails.")
    ] = None,
    sender: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Only mails from this address.")] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Also sender, subject, text and what else was understood.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Remove the octets of mails that were read; their outcomes stay. The mailbox on its server is not touched.

    What is not read yet stays. Without --older-than, --profile or --sender nothing is removed.
    """
    age = re.fullmatch(r"([0-9]{1,5})([dw])", older_than)
    if age is None:
        shown.fail("--older-than takes whole days or weeks such as 90d or 26w", 2)
    if age[1].strip("0") == "" and profile is None and sender is None:
        shown.fail("say which mails: --older-than 90d, --profile NAME or --sender ADDRESS", 2)
    # Only now: reading mail files needs no database.
    from worker.cli import replies_purge

    replies_purge.purge(
        older_than=int(age[1]) * MILLISECONDS[age[2]],
        profile=profile,
        sender=sender,
        everything=everything,
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command(epilog="Example: runmail replies follow --json --type runmail.command.issued")
def follow(
    after: Annotated[
        str | None, typer.Option(metavar="ID", help="Begin behind the event with this id; 0: with the first kept.")
    ] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Only this type; may be repeated.")] = None,
    profile: Annotated[str | None, typer.Option(autocompletion=profile_names, help="Only of this profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON event a line.")] = False,
) -> None:
    """Print replies, commands, bounces and suppressions as they come, until Ctrl-C or the reader's end.

    Each event is printed once. To go on later where this ended, give the id of the last one to --after.
    """
    from worker.cli import replies_follow

    replies_follow.follow(after=after, types=types, profile=profile, as_json=as_json)


def _named(files: list[str]) -> Iterator[str]:
    """Yield the files themselves, and those in folders and Maildirs."""
    for name in files:
        path = Path(name)
        if name == "-" or not path.is_dir():
            yield name
            continue
        boxes = [path / each for each in ("cur", "new") if (path / each).is_dir()]
        found = [file for box in boxes for file in box.iterdir() if file.is_file()] or list(path.rglob("*.eml"))
        if not found:
            shown.fail(f"{name}: neither *.eml nor a Maildir's cur and new are in this folder")
        yield from sorted(str(file) for file in found)


def _read(name: str, surroundings: Surroundings) -> Reading | None:
    """Read one file, no more of it than is looked at; say on stderr what cannot be read."""
    try:
        if name == "-":
            source = sys.stdin.buffer.read(MAX_MAIL + 1)
        else:
            with open(name, "rb") as stream:
                source = stream.read(MAX_MAIL + 1)
    except OSError as error:
        shown.warn(f"{name}: {(error.strerror or 'cannot be read').lower()}")
        return None
    reading = read_mail(source, surroundings)
    if reading.outcome is Outcome.UNREADABLE:
        shown.warn(f"{name}: no mail that can be read ({reading.why})")
    return reading


def _print(name: str, reading: Reading, *, as_json: bool) -> None:
    document = {"file": name, **reading.to_json()}
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
        return
    shown.say(f"{name}: {reading.outcome} ({reading.why})")
    shown.print_facts(_facts(document))
    for bounce in reading.bounces:
        shown.say(f"  {bounce.recipient}  {bounce.reason}  {bounce.status}".rstrip())
        if bounce.said:
            shown.say(f"    {bounce.said}")
    for line in reading.text.splitlines():
        shown.say(f"  │ {line}")


def _facts(document: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown of a reading above its recipients and its text."""
    names = ("from", "from_fault", "subject", "command", "command_fault", "auto_reply_until")
    complaint = document["complaint"]
    return {
        **{f"  {name}": document[name] for name in names},
        "  complaint": complaint and complaint["kind"],
        "  dmarc": document["dmarc"] if document["dmarc"] != "not_configured" else None,
        "  tokens": ", ".join(f"{clue['token']} ({clue['found_in']})" for clue in document["tokens"]),
    }
