"""`runmail profiles seed`, `export` and `presets`: profiles from a file, as a file, and what is known of services."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from profiles.errors import ProfileError
from profiles.presets import PRESETS
from profiles.profiles_file import ProfilesFileWrong, read_profiles_file
from profiles.profiles_text import write_profiles
from profiles.seed import Action, make_plan
from worker.cli import shown, standing
from worker.cli.author import author
from worker.cli.profile_arguments import AsJson


def seed(
    file: Annotated[Path, typer.Argument(help="Profiles file (TOML).")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to what a profiles file says: all of it or, if something is wrong, nothing."""
    ground = standing.ground()
    try:
        found = read_profiles_file(file, os.environ)
        plan = make_plan(ground.profiles, found.drafts)
        if not dry_run:
            ground.profiles.save(plan.drafts, by=author())
    except ProfilesFileWrong as error:
        for problem in error.problems:
            shown.warn(problem)
        shown.fail(f"{file}: nothing was changed")
    except ProfileError as error:
        shown.fail(str(error))
    for warning in found.warnings:
        shown.warn(warning)
    if as_json:
        changes = [
            {"profile": each.profile, "action": each.action.value, "fields": each.fields} for each in plan.changes
        ]
        shown.print_json({"dry_run": dry_run, "changes": changes})
        return
    words = {Action.CREATE: "created", Action.CHANGE: "changed", Action.UNCHANGED: "unchanged"}
    for change in plan.changes:
        said = (
            f"would be {words[change.action]}"
            if dry_run and change.action is not Action.UNCHANGED
            else words[change.action]
        )
        fields = f": {', '.join(change.fields)}" if change.fields else ""
        shown.say(f"{change.profile}  {said}{fields}")


def export(
    names: Annotated[list[str] | None, typer.Argument(help="Names of profiles. (all)", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Print profiles as a profiles file that `seed` reads back. Passwords are variables to be set, never written."""
    store = standing.ground().profiles
    try:
        found = [store.exact(name) for name in dict.fromkeys(names)] if names else store.all()
    except ProfileError as error:
        shown.fail(str(error))
    if not found:
        shown.fail("there is no profile to export")
    written = write_profiles(found)
    if as_json:
        shown.print_json({"profile": [_plain(table) for table in written.tables]})
    else:
        sys.stdout.write(written.text)
    if written.variables:
        shown.note(f"To seed it, set the passwords as {', '.join(written.variables)}.")


def presets(as_json: AsJson = False) -> None:
    """List the mail services that --preset knows, with their limits and where a password is made."""
    if as_json:
        shown.print_json({name.value: _plain(asdict(preset)) for name, preset in PRESETS.items()})
        return
    for name, preset in PRESETS.items():
        limits = [f"{key} {value}" for key, value in asdict(preset.limits).items() if value is not None]
        imap = f"{preset.imap.host}:{preset.imap.port} ({preset.imap.security.value})" if preset.imap else None
        shown.say(f"{name.value}: {preset.title}")
        shown.print_facts(
            {
                "  SMTP": f"{preset.smtp.host}:{preset.smtp.port} ({preset.smtp.security.value})",
                "  IMAP": imap,
                "  limits": ", ".join(limits).replace("_", " "),
                "  region": f"{preset.region}, or another with --region" if preset.region else None,
                "  password": preset.credential_at,
            }
        )
        for note in preset.notes:
            shown.say(f"  {note}")
        shown.say("")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else value
