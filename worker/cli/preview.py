"""`runmail preview`: see the mail of an event without sending it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from consumers.contract import Event, MalformedEvent, read_event
from consumers.contract.reading import read_json
from consumers.mails.preview import NoMail, preview
from consumers.mails.rendering import Renderer, RenderFailed, set_of_profile
from consumers.mails.template_check import TemplatesRefused, load_sets
from consumers.mails.wire import WireMismatch
from consumers.own_events import read_recorded
from consumers.views.events import find_rows, read_body
from profiles.addresses import UnusableAddress, read_address
from profiles.errors import UnknownProfile
from profiles.profile import Profile, Security, SmtpSettings
from worker.cli import entry, shown, standing


def mount(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("preview", epilog="Example: runmail preview examples/alert.json --out /tmp/alert")(preview_command)


def preview_command(
    which: Annotated[str, typer.Argument(metavar="EVENT_ID|FILE", help="A file with one event, or an accepted event.")],
    out: Annotated[Path, typer.Option(help="Folder for subject.txt, body.txt, body.html and message.eml.")],
    recipient: Annotated[str | None, typer.Option(help="Address in To; default: the event's first.")] = None,
    templates: Annotated[Path | None, typer.Option(help="Folder of templates. [RUNMAIL_TEMPLATES]")] = None,
    template_set: Annotated[
        str | None, typer.Option("--set", help="Named set of templates instead of the profile's.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone instead of the profile's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write the mail of an event as files. Sends nothing; a FILE needs neither broker nor database."""
    settings = entry.settings()
    path = Path(which)
    event, profile = _from_file(path) if path.is_file() else _from_ledger(which)
    if timezone is not None:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            shown.fail(f"“{timezone}” is no time zone: write one such as Europe/Berlin", 2)
        profile = replace(profile, timezone=timezone)
    try:
        address = read_address(recipient or _first_usable(event, profile)).wire
        sets = load_sets(templates or settings.templates)
        if template_set is not None and template_set not in [each.templates.name for each in sets]:
            shown.fail(f"there is no set of templates “{template_set}”", 2)
        renderer = Renderer(sets, set_of=lambda profile: template_set or set_of_profile(profile))
        found = preview(event, profile, address, renderer, datetime.now(UTC))
        paths = found.write(out)
    except UnusableAddress as error:
        shown.fail(f"--recipient is no usable address: {error.reason}", 2)
    except (NoMail, RenderFailed, TemplatesRefused, WireMismatch) as error:
        shown.fail(str(error))
    except OSError as error:
        shown.fail(f"{out} cannot be written: {error.strerror}")
    if as_json:
        shown.print_json(
            {"subject": found.subject, "bytes": len(found.message), "files": [str(each) for each in paths]}
        )
        return
    shown.say(found.subject)
    for each in paths:
        shown.say(f"  {each}")


def _from_file(path: Path) -> tuple[Event, Profile]:
    """Read an event from a file; its profile is made up from its name."""
    try:
        event = read_event(read_json(path.read_bytes()))
    except MalformedEvent as error:
        shown.fail(f"{path}: {error.text}")
    except OSError as error:
        shown.fail(f"{path} cannot be read: {error.strerror}")
    smtp = SmtpSettings("localhost", 25, Security.NONE)
    return event, Profile(id=0, name=event.data.profile, from_address="runmail@example.com", smtp=smtp)


def _from_ledger(which: str) -> tuple[Event, Profile]:
    """Read an accepted event and its profile from the database."""
    ground = standing.ground()
    with ground.engine.execution_options(reading=True).connect() as connection:
        rows = find_rows(connection, which)
        body = read_body(connection, rows[-1]) if rows else None
    if body is None:
        shown.fail(f"there is no file and no event {which}")
    try:
        event = read_recorded(body)
        return event, ground.profiles.by_name(event.data.profile)
    except (MalformedEvent, UnknownProfile) as error:
        shown.fail(str(error))


def _first_usable(event: Event, profile: Profile) -> str:
    for text in (*event.data.recipients, *profile.recipients):
        try:
            return read_address(text).wire
        except UnusableAddress:
            continue
    return "team@example.com"
