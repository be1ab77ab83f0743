"""`runmail profiles`: the email profiles, as an admin makes, tests and looks after them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from consumers.views.deliveries import shown_time
from consumers.views.usage import LedgerUsage
from profiles.described import describe
from profiles.errors import CredentialNeeded, CredentialUnreadable, ProfileError
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.profiles_file import ProfilesFileWrong, read_profiles_file
from profiles.sealing import Service
from profiles.seed import Action, make_plan
from profiles.usage import Usage, Use
from worker.cli import profile_entry, shown, standing
from worker.cli.completing import profile_names
from worker.cli.profile_tests import run_test
from worker.composition import Ground

app = typer.Typer(
    help="The email profiles: named SMTP and, optionally, IMAP accounts that mail goes through.",
    no_args_is_help=True,
    epilog='Example: runmail profiles test "QA alerts"',
)
app.command("new", epilog=profile_entry.EPILOG)(profile_entry.new)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Name = Annotated[str, typer.Argument(autocompletion=profile_names, help="Name of the profile.")]

EMPTY = (
    "No email profiles configured",
    "A profile enables SMTP and IMAP for notifications and automation: mail goes out, answers come in.",
    "Create the first with: runmail profiles new",
)


@app.command("list", epilog="Example: runmail profiles list --json")
def list_(as_json: AsJson = False) -> None:
    """List the profiles with their state, last test and use."""
    ground = standing.ground()
    rows = _rows(ground)
    if as_json:
        shown.print_json(rows)
    elif not rows:
        for line in EMPTY:
            shown.say(line)
    else:
        shown.print_table(
            ("name", "status", "server", "user", "IMAP", "last test", "last used", "used"),
            (
                (
                    row["name"],
                    row["status"],
                    f"{row['smtp']['host']}:{row['smtp']['port']}",
                    row["smtp"]["username"] or "–",
                    f"{row['imap']['host']}:{row['imap']['port']}" if row["imap"] else "–",
                    _minute(row["tests"]["smtp"] and row["tests"]["smtp"]["at"]),
                    _minute(row["used"]["last"]),
                    f"{row['used']['times']} {'time' if row['used']['times'] == 1 else 'times'}",
                )
                for row in rows
            ),
        )


@app.command(epilog='Example: runmail profiles show "QA alerts"')
def show(name: Name, as_json: AsJson = False) -> None:
    """Show every setting of a profile, its last tests and its use; never its passwords."""
    ground = standing.ground()
    profile = _find(ground, name)
    row = next(row for row in _rows(ground) if row["id"] == profile.id)
    if as_json:
        shown.print_json(row)
        return
    facts = {}
    for key, value in row.items():
        parts = value if isinstance(value, dict) else {"": value}
        facts.update({f"{key} {inner}".strip(): _plain(each) for inner, each in parts.items()})
    shown.print_facts(facts)


@app.command("test", epilog='Example: runmail profiles test "QA alerts" --smtp')
def check(
    name: Name,
    smtp: Annotated[bool, typer.Option("--smtp", help="Only the SMTP side.")] = False,
    imap: Annotated[bool, typer.Option("--imap", help="Only the IMAP side.")] = False,
    as_json: AsJson = False,
) -> None:
    """Test the connection of a profile stage by stage, without sending a mail. Exit 1 if a stage fails."""
    ground = standing.ground()
    profile = _find(ground, name)
    if imap and not smtp and profile.imap is None:
        shown.fail(f"“{name}” has no IMAP settings", 2)
    services: list[Service] = []
    if smtp or not imap:
        services.append("smtp")
    if profile.imap is not None and (imap or not smtp):
        services.append("imap")
    passed = True
    document: dict[str, Any] = {"profile": profile.name}
    for service in services:
        credential = _credential(ground, profile, service)
        stages, result = run_test(profile, service, credential, quiet=as_json)
        ground.profiles.record_test(profile.id, service, result)
        passed = passed and result.passed
        document[service] = {"passed": result.passed, "stages": stages}
    if as_json:
        shown.print_json({**document, "passed": passed})
    if not passed:
        raise typer.Exit(1)


@app.command(epilog="Example: runmail profiles seed profiles.toml --dry-run")
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
            ground.profiles.save(plan.drafts)
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


def _find(ground: Ground, name: str) -> Profile:
    try:
        return ground.profiles.by_name(name)
    except ProfileError as error:
        shown.fail(str(error))


def _credential(ground: Ground, profile: Profile, service: Service) -> str | None:
    """Open a kept password; one that cannot be opened is a failure, never a test without it."""
    try:
        return ground.profiles.credential(profile, service)
    except (CredentialNeeded, CredentialUnreadable) as error:
        shown.fail(str(error))


def _rows(ground: Ground) -> list[dict[str, Any]]:
    """Return every profile as JSON shows it."""
    usage: Usage = LedgerUsage(ground.engine)
    tests, uses = ground.profiles.last_tests(), usage.by_profile()
    rows = []
    for profile in ground.profiles.all():
        last, use = tests.get(profile.id, {}), uses.get(profile.id, Use())
        rows.append(
            {
                "id": profile.id,
                "status": _status(profile, last),
                **describe(profile),
                "tests": {service: _test(last.get(service)) for service in ("smtp", "imap")},
                "used": {"times": use.times, "last": shown_time(use.last), "waiting": use.waiting},
            }
        )
    return rows


def _status(profile: Profile, last: dict[Service, LastTest]) -> str:
    """Say in one or a few words how a profile stands."""
    if not profile.enabled:
        return "disabled"
    failing = next((found for found in last.values() if not found.passed), None)
    if failing is not None:
        return f"failing: {failing.reason}"
    return "healthy" if "smtp" in last else "never tested"


def _test(found: LastTest | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "at": shown_time(found.at),
        "passed": found.passed,
        "reached": found.reached,
        "reason": found.reason,
        "certificate_expires": shown_time(found.certificate_expires),
    }


def _minute(moment: str | None) -> str:
    """Return a moment to the minute (UTC), as far as it matters in a list."""
    return moment[:16].replace("T", " ") if moment else "never"


def _plain(value: Any) -> Any:
    """Return a value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items() if each not in (None, "")) or None
    return ", ".join(str(each) for each in value) if isinstance(value, list | tuple) else value
