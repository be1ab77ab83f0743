"""`runmail profiles enable`, `disable`, `rename` and `remove`: whether a profile sends, what it is called, its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from consumers.ledger.waiting import LedgerWaiting
from consumers.views.mentions import LedgerMentions
from profiles.errors import ProfileError, ProfileInUse
from profiles.form_faults import faults
from profiles.references import references
from profiles.removing import Destination, GiveUp, MoveTo, remove
from profiles.setting_types import ProfileName
from profiles.switching import switch
from profiles.trail import Deed
from worker.cli import shown, standing
from worker.cli.author import author
from worker.cli.profile_arguments import AsJson, Name
from worker.cli.profile_passwords import asking


def enable(name: Name, as_json: AsJson = False) -> None:
    """Let a profile send again, and release the mail that waited for it."""
    _switch(name, True, as_json)


def disable(name: Name, as_json: AsJson = False) -> None:
    """Keep a profile from sending. Its waiting mail is held (reason profile_disabled) until it is enabled."""
    _switch(name, False, as_json)


def _switch(name: str, enabled: bool, as_json: bool) -> None:
    ground = standing.ground()
    try:
        done = switch(ground.profiles, name, enabled=enabled, waiting=LedgerWaiting(), by=author())
    except ProfileError as error:
        shown.fail(str(error))
    if as_json:
        mails = {"released" if enabled else "held": done.mails}
        shown.print_json({"name": done.profile.name, "enabled": enabled, "changed": done.changed, **mails})
        return
    state = "enabled" if enabled else "disabled"
    shown.say(f"“{done.profile.name}” {'is' if done.changed else 'was already'} {state}.")
    if done.mails:
        shown.say(f"{_mails(done.mails)} {'released' if enabled else 'held'}.")


def rename(
    name: Name, to: Annotated[str, typer.Argument(help="Its new name.", show_default=False)], as_json: AsJson = False
) -> None:
    """Give a profile another name. Events that name the old one still find it, until a new profile takes that name."""
    ground = standing.ground()
    try:
        wanted = TypeAdapter(ProfileName).validate_python(to)
        before = ground.profiles.exact(name)
        after = ground.profiles.update(replace(before, name=wanted), before=before, deed=Deed.RENAME, by=author())
    except ValidationError as error:
        shown.fail(f"the new name {faults(error)[0]}", 2)
    except ProfileError as error:
        shown.fail(str(error))
    if as_json:
        shown.print_json({"id": after.id, "name": after.name, "former_names": list(after.former_names)})
    else:
        shown.say(f"“{before.name}” is called “{after.name}” now; events may name either.")


def remove_(
    name: Name,
    move_to: Annotated[
        str | None, typer.Option("--move-to", metavar="PROFILE", help="Its waiting mail is sent by this profile.")
    ] = None,
    fail: Annotated[bool, typer.Option("--fail", help="Its waiting mail fails, reason profile_removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a profile. Refused while mail waits for it, unless told where that goes.

    What it sent stays in the books, and what was changed of it in its history.
    """
    if fail and move_to is not None:
        shown.fail("--fail and --move-to exclude each other", 2)
    ground = standing.ground()
    destination: Destination = MoveTo(move_to) if move_to is not None else GiveUp() if fail else None
    try:
        profile = ground.profiles.exact(name)
        mentioned = references(ground.profiles, profile, LedgerWaiting(), LedgerMentions()).mentions
        for kind, names in mentioned.items():
            shown.note(f"“{profile.name}” is still named by {kind}: {', '.join(names)}")
        if not yes:
            if not asking():
                shown.fail(f"“{profile.name}” would be removed for good: --yes removes it without asking", 2)
            if not typer.confirm(f"Remove “{profile.name}” and its passwords for good?", default=False):
                shown.fail("nothing was removed")
        done = remove(ground.profiles, profile.name, waiting=LedgerWaiting(), destination=destination, by=author())
    except ProfileInUse as error:
        hint = " (--move-to PROFILE or --fail)" if error.reason == "mail_waits" and destination is None else ""
        shown.fail(f"{error}{hint}")
    except ProfileError as error:
        shown.fail(str(error))
    if as_json:
        counts = {"moved": done.moved.moved, "suppressed": done.moved.suppressed, "failed": done.failed}
        shown.print_json({"removed": done.profile.name, "moved_to": move_to, **counts})
        return
    shown.say(f"“{done.profile.name}” is removed.")
    if done.moved.moved:
        shown.say(f"{_mails(done.moved.moved)} moved to “{move_to}”.")
    if done.moved.suppressed:
        shown.say(f"{_mails(done.moved.suppressed)} suppressed: “{move_to}” may not write to the recipients.")
    if done.failed:
        shown.say(f"{_mails(done.failed)} failed (profile_removed).")


def _mails(number: int) -> str:
    return "1 mail is" if number == 1 else f"{number} mails are"
