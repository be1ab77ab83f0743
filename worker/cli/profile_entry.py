"""`runmail profiles new`: a profile from options, from a preset, from questions in the terminal, or from all three."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from profiles.drafts import SERVICES, Credentials
from profiles.errors import ProfileError, ProfileExists
from profiles.failovers import failover_fault
from profiles.form_faults import faults
from profiles.overlay import overlay
from profiles.profile import Profile
from profiles.sealing import Service
from profiles.settings_form import SettingsForm
from worker.cli import shown, standing
from worker.cli.author import author
from worker.cli.profile_options import takes_settings
from worker.cli.profile_passwords import PasswordFrom, asking, new_password
from worker.cli.profile_questions import ask_settings
from worker.cli.profile_tests import try_out

EPILOG = (
    'Example: runmail profiles new --name "QA alerts" --from qa@example.com --smtp-host smtp.example.com '
    "--smtp-username qa@example.com --smtp-password-env QA_SMTP_PASSWORD"
)


@takes_settings
def new(
    name: Annotated[str | None, typer.Option(help='Name that publishers use, such as "QA alerts".')] = None,
    *,
    settings: dict[str, Any],
    preset: dict[str, Any],
    passwords: Mapping[Service, PasswordFrom],
    disabled: Annotated[bool, typer.Option("--disabled", help="Its mail is held until it is enabled.")] = False,
    test: Annotated[
        bool | None, typer.Option("--test/--no-test", help="Test before saving. (asked on a terminal)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Make a profile: from options, from a preset, or by questions where they leave something open."""
    ground = standing.ground()
    known = ground.profiles.all()
    may_ask = asking() and not any(source.is_stdin for source in passwords.values())
    table = laid_over(preset, settings, with_imap="imap" in settings)
    table.update({"enabled": not disabled} | ({} if name is None else {"name": name}))
    if may_ask:
        ask_settings(table, [each.name for each in known], today=preset)
    profile = checked(overlay({}, table))
    if any(each.name == profile.name for each in known):
        shown.fail(str(ProfileExists(profile.name)))
    check_failover(profile, known)
    given = {service: new_password(profile, service, passwords[service], may_ask=may_ask) for service in SERVICES}
    results = try_out(profile, given.__getitem__, test=test, may_ask=may_ask, quiet=as_json)
    try:
        kept = ground.profiles.add(profile, Credentials(given["smtp"], given["imap"]), by=author())
        for service, found in results.items():
            ground.profiles.record_test(kept.id, service, found)
    except ProfileError as error:
        shown.fail(str(error))
    if as_json:
        shown.print_json({"id": kept.id, "name": kept.name, "tested": bool(results)})
    else:
        shown.say(f"Profile “{kept.name}” is saved. Try it:")
        shown.say(f'  runmail publish run-finished --profile "{kept.name}" --to {kept.from_address} --junit report.xml')


def laid_over(preset: Mapping[str, Any], settings: Mapping[str, Any], *, with_imap: bool) -> dict[str, Any]:
    """Lay settings over a preset; its IMAP server counts only where a profile reads replies."""
    base = {name: value for name, value in preset.items() if name != "imap" or with_imap}
    return overlay(base, settings)


def checked(table: Mapping[str, Any]) -> Profile:
    """Check a `[[profile]]` table and return its profile; end with 2 and one line for each fault."""
    try:
        return SettingsForm.model_validate(table).to_profile()
    except ValidationError as error:
        found = faults(error)
        for fault in found[:-1]:
            shown.warn(fault)
        shown.fail(found[-1], 2)


def check_failover(profile: Profile, known: Iterable[Profile]) -> None:
    """End with 2 when the profile's failover does not exist or goes in a circle."""
    others = {each.name: each for each in known if each.id != profile.id}
    if fault := failover_fault(profile, others):
        shown.fail(f"failover: {fault}", 2)
