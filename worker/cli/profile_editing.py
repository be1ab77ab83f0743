"""`runmail profiles edit`: change settings by options, by a preset, or by questions that propose what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from profiles.credential_choice import usable_credential
from profiles.described import differences
from profiles.drafts import SERVICES, Credentials
from profiles.errors import ProfileError
from profiles.overlay import overlay
from profiles.profile import Profile
from profiles.profiles_text import file_table
from profiles.rows import moved, place
from profiles.sealing import Service
from worker.cli import shown, standing
from worker.cli.author import author
from worker.cli.profile_entry import check_failover, checked, laid_over
from worker.cli.profile_options import OPTIONS, put, takes_settings
from worker.cli.profile_passwords import PasswordFrom, asking, new_password, username
from worker.cli.profile_questions import ask_settings
from worker.cli.profile_tests import try_out
from worker.ground import Ground

EPILOG = 'Example: runmail profiles edit "QA alerts" --per-minute 30 --unset reply_to'

#: What `--unset` takes away: every setting that has an option, and the IMAP side as a whole.
UNSETTABLE = ("imap", *(option.place for option in OPTIONS))


@takes_settings
def edit(
    name: Annotated[str, typer.Argument(help="Name of the profile.")],
    *,
    settings: dict[str, Any],
    preset: dict[str, Any],
    passwords: Mapping[Service, PasswordFrom],
    unset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING", help="Take a setting away, such as reply_to, smtp.ca_file or imap; repeatable."
        ),
    ] = None,
    test: Annotated[
        bool | None, typer.Option("--test/--no-test", help="Test before saving. (asked on a terminal)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Change a profile; without options, by questions.

    A change of host, port, security or user asks for the password again. A new password alone: `profiles rotate`.
    """
    ground = standing.ground()
    try:
        before = ground.profiles.exact(name)
    except ProfileError as error:
        shown.fail(str(error))
    may_ask = asking() and not any(source.is_stdin for source in passwords.values())
    today = file_table(before)
    said = laid_over(preset, settings, with_imap="imap" in today or "imap" in settings)
    for each in unset or ():
        put(said, _unsettable(each), None)
    if not said and not any(source.is_given for source in passwords.values()):
        if not may_ask:
            shown.fail("nothing to change: name a setting, such as --note", 2)
        said = {"name": before.name}
        ask_settings(said, today=today)
    after = replace(checked(overlay(today, said)), id=before.id, former_names=before.former_names)
    check_failover(after, ground.profiles.all())
    changed = list(differences(before, after))
    given = _passwords(before, after, passwords, may_ask)
    if not changed and not given:
        if as_json:
            shown.print_json(_done(before, [], tested=False))
        else:
            shown.say(f"“{before.name}” is so already.")
        return

    results = try_out(
        after,
        lambda each: _usable(ground, before, after, each, given.get(each)),
        test=test,
        may_ask=may_ask,
        quiet=as_json,
    )
    try:
        kept = ground.profiles.update(
            after, Credentials(given.get("smtp"), given.get("imap")), before=before, by=author()
        )
        for service, found in results.items():
            ground.profiles.record_test(kept.id, service, found)
    except ProfileError as error:
        shown.fail(str(error))
    changed += [f"{service}.password" for service in given]
    if as_json:
        shown.print_json(_done(kept, changed, tested=bool(results)))
    else:
        shown.say(f"“{kept.name}” is changed: {', '.join(changed)}.")


def _done(profile: Profile, changed: list[str], *, tested: bool) -> dict[str, Any]:
    return {"id": profile.id, "name": profile.name, "changed": changed, "tested": tested}


def _unsettable(text: str) -> str:
    """Return the setting that a person wants to take away, as the profiles file names it."""
    name = text.replace("-", "_")
    if name not in UNSETTABLE:
        near = get_close_matches(name, UNSETTABLE, n=1, cutoff=0.5)
        shown.fail(f"--unset: there is no setting “{text}”" + (f"; did you mean {near[0]}?" if near else ""), 2)
    return name


def _passwords(
    before: Profile, after: Profile, sources: Mapping[Service, PasswordFrom], may_ask: bool
) -> dict[Service, str]:
    """Get the passwords that were given, and those that must be given again because their server changes."""
    found: dict[Service, str] = {}
    for service in SERVICES:
        source = sources[service]
        if username(after, service) is None:
            if source.is_given:
                shown.fail(f"“{after.name}” has no {service.upper()} user whose password it could be", 2)
            continue
        needed = moved(before, after, service)
        if needed and not source.is_given and place(before, service) is not None:
            shown.note(f"The {service.upper()} password must be given again, because {', '.join(needed)} changes.")
        if needed or source.is_given:
            password = new_password(after, service, source, may_ask=may_ask)
            assert password is not None
            found[service] = password
    return found


def _usable(ground: Ground, before: Profile, after: Profile, service: Service, given: str | None) -> str | None:
    """Return the password to test with; one that cannot be opened is a failure, never a test without it."""
    try:
        return usable_credential(ground.profiles, before, after, service, given)
    except ProfileError as error:
        shown.fail(str(error))
