"""`runmail profiles`: the email profiles, as an admin makes, tests and looks after them. Each command has its file."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from profiles.errors import CredentialNeeded, CredentialUnreadable, ProfileError
from profiles.noted_tests import note_test
from profiles.profile import Profile
from profiles.sealing import Service
from worker.cli import (
    profile_editing,
    profile_entry,
    profile_files,
    profile_history,
    profile_listing,
    profile_rotating,
    profile_standing,
    shown,
    standing,
)
from worker.cli.author import author
from worker.cli.profile_arguments import AsJson, Name
from worker.cli.profile_tests import run_test
from worker.ground import Ground

app = typer.Typer(
    help="The email profiles: named SMTP and, optionally, IMAP accounts that mail goes through.",
    no_args_is_help=True,
    epilog='Example: runmail profiles test "QA alerts"',
)


def check(
    name: Name,
    smtp: Annotated[bool, typer.Option("--smtp", help="Only the SMTP side.")] = False,
    imap: Annotated[bool, typer.Option("--imap", help="Only the IMAP side.")] = False,
    send_to: Annotated[
        str | None, typer.Option("--send-to", metavar="ADDRESS", help="Also send a test mail to this address.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Test the connection of a profile stage by stage, without sending a mail. Exit 1 if a stage fails."""
    ground = standing.ground()
    try:
        profile = ground.profiles.by_name(name)
    except ProfileError as error:
        shown.fail(str(error))
    if imap and not smtp and profile.imap is None:
        shown.fail(f"“{name}” has no IMAP settings", 2)
    if imap and not smtp and send_to is not None:
        shown.fail("--send-to belongs to the SMTP side", 2)
    services: list[Service] = []
    if smtp or not imap:
        services.append("smtp")
    if profile.imap is not None and (imap or not smtp):
        services.append("imap")
    note_test(ground.profiles, profile, services, author(), mail_to=send_to or "")
    passed = True
    document: dict[str, Any] = {"profile": profile.name}
    for service in services:
        credential = _credential(ground, profile, service)
        mail_to = (send_to or "") if service == "smtp" else ""
        stages, result = run_test(profile, service, credential, quiet=as_json, mail_to=mail_to)
        ground.profiles.record_test(profile.id, service, result)
        passed = passed and result.passed
        document[service] = {"passed": result.passed, "stages": stages}
    if as_json:
        shown.print_json({**document, "passed": passed})
    if not passed:
        raise typer.Exit(1)


def _credential(ground: Ground, profile: Profile, service: Service) -> str | None:
    """Open a kept password; one that cannot be opened is a failure, never a test without it."""
    try:
        return ground.profiles.credential(profile, service)
    except (CredentialNeeded, CredentialUnreadable) as error:
        shown.fail(str(error))


app.command("new", epilog=profile_entry.EPILOG)(profile_entry.new)
app.command("list", epilog="Example: runmail profiles list --json")(profile_listing.list_)
app.command("show", epilog='Example: runmail profiles show "QA alerts"')(profile_listing.show)
app.command("test", epilog='Example: runmail profiles test "QA alerts" --smtp')(check)
app.command("edit", epilog=profile_editing.EPILOG)(profile_editing.edit)
app.command("rename", epilog='Example: runmail profiles rename "QA alerts" "Checkout alerts"')(profile_standing.rename)
app.command("rotate", epilog=profile_rotating.EPILOG)(profile_rotating.rotate_)
app.command("disable", epilog='Example: runmail profiles disable "QA alerts"')(profile_standing.disable)
app.command("enable", epilog='Example: runmail profiles enable "QA alerts"')(profile_standing.enable)
app.command("remove", epilog='Example: runmail profiles remove "QA alerts" --move-to Spare')(profile_standing.remove_)
app.command("history", epilog='Example: runmail profiles history "QA alerts" --json')(profile_history.history)
app.command("seed", epilog="Example: runmail profiles seed profiles.toml --dry-run")(profile_files.seed)
app.command("export", epilog='Example: runmail profiles export "QA alerts" > profiles.toml')(profile_files.export)
app.command("presets", epilog="Example: runmail profiles presets")(profile_files.presets)
