"""`runmail profiles new`: a profile from options, from questions in the terminal, or from both.

A password is never an argument: it is asked for unseen, or comes from a file, an environment variable or stdin.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from profiles.errors import ProfileError, ProfileExists, UnknownProfile
from profiles.form_faults import faults
from profiles.profile import OnUncertain, Profile, Security
from profiles.sealing import Service
from profiles.secret_source import NoSecret, SecretSource
from profiles.settings_form import SettingsForm
from profiles.store import Credentials
from worker.cli import shown, standing
from worker.cli.profile_questions import ask_settings
from worker.cli.profile_tests import run_test

EPILOG = (
    'Example: runmail profiles new --name "QA alerts" --from qa@example.com --smtp-host smtp.example.com '
    "--smtp-username qa@example.com --smtp-password-env QA_SMTP_PASSWORD"
)
STDIN = "-"

Text = str | None
Secret = Annotated[Text, typer.Option(metavar="FILE", help="File with the password; - is standard input.")]


def new(
    name: Annotated[Text, typer.Option(help='Name that publishers use, such as "QA alerts".')] = None,
    from_: Annotated[Text, typer.Option("--from", help='Sender: address, or "Name <address>".')] = None,
    recipient: Annotated[list[str] | None, typer.Option(help="Default recipient; may be repeated.")] = None,
    allowed_recipient: Annotated[
        list[str] | None, typer.Option(help="Address or domain it may write to; may be repeated. Default: anyone.")
    ] = None,
    reply_to: Annotated[Text, typer.Option(help="Address for answers.")] = None,
    timezone: Annotated[Text, typer.Option(help="Time zone of the times in its mails. [UTC]")] = None,
    note: Annotated[Text, typer.Option(help="A note for other admins.")] = None,
    failover: Annotated[Text, typer.Option(metavar="PROFILE", help="Profile that takes over.")] = None,
    on_uncertain: Annotated[
        OnUncertain | None, typer.Option(help="When nobody knows whether a mail was taken. [resend]")
    ] = None,
    plus_addressing: Annotated[
        bool, typer.Option("--plus-addressing", help="The sender's server delivers name+tag@domain to name@domain.")
    ] = False,
    authserv_id: Annotated[Text, typer.Option(help="Name of the server whose Authentication-Results count.")] = None,
    retention_days: Annotated[int | None, typer.Option(min=1, help="How long replies are kept.")] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Its mail is held until it is enabled.")] = False,
    smtp_host: Annotated[Text, typer.Option(help="SMTP server.")] = None,
    smtp_port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default: follows the security.")] = None,
    smtp_security: Annotated[Security | None, typer.Option(help="Default: follows the port; tls without one.")] = None,
    smtp_username: Annotated[Text, typer.Option(help="SMTP user.")] = None,
    smtp_ca_file: Annotated[Text, typer.Option(help="Certificate authority of your own (PEM).")] = None,
    smtp_password_file: Secret = None,
    smtp_password_env: Annotated[Text, typer.Option(metavar="NAME", help="Variable with the password.")] = None,
    smtp_password_stdin: Annotated[bool, typer.Option("--smtp-password-stdin", help="Read it from stdin.")] = False,
    imap_host: Annotated[Text, typer.Option(help="IMAP server; only if you receive replies.")] = None,
    imap_port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default: follows the security.")] = None,
    imap_security: Annotated[Security | None, typer.Option(help="Default: follows the port; tls without one.")] = None,
    imap_username: Annotated[Text, typer.Option(help="IMAP user.")] = None,
    imap_ca_file: Annotated[Text, typer.Option(help="Certificate authority of your own (PEM).")] = None,
    imap_password_file: Secret = None,
    imap_password_env: Annotated[Text, typer.Option(metavar="NAME", help="Variable with the password.")] = None,
    imap_password_stdin: Annotated[bool, typer.Option("--imap-password-stdin", help="Read it from stdin.")] = False,
    folder: Annotated[list[str] | None, typer.Option(help="IMAP folder to read; may be repeated. [INBOX]")] = None,
    keyword: Annotated[Text, typer.Option(help="Keyword for mails that were read. Default: none.")] = None,
    move_to: Annotated[Text, typer.Option(help="Folder that mails are moved to when read. Default: none.")] = None,
    connections: Annotated[int | None, typer.Option(min=1, help="SMTP connections per worker process.")] = None,
    per_minute: Annotated[int | None, typer.Option(min=1, help="Mails a minute, over all workers.")] = None,
    per_day: Annotated[int | None, typer.Option(min=1, help="Mails a day, over all workers.")] = None,
    test: Annotated[
        bool | None, typer.Option("--test/--no-test", help="Test before saving. [asked on a terminal]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Make a profile: from options, or by questions where they leave something open."""
    ground = standing.ground()
    taken = tuple(kept.name for kept in ground.profiles.all())
    asking = sys.stdin.isatty() and not (smtp_password_stdin or imap_password_stdin)
    table = _without_none(
        {
            "name": name,
            "from": from_,
            "recipients": recipient or None,
            "allowed_recipients": allowed_recipient or None,
            "reply_to": reply_to,
            "timezone": timezone,
            "note": note,
            "failover": failover,
            "on_uncertain": on_uncertain,
            "plus_addressing": plus_addressing,
            "authserv_id": authserv_id,
            "retention_days": retention_days,
            "enabled": not disabled,
            "smtp": _server(smtp_host, smtp_port, smtp_security, smtp_username, smtp_ca_file),
            "imap": {
                **_server(imap_host, imap_port, imap_security, imap_username, imap_ca_file, folder),
                "keyword": keyword,
                "move_to": move_to,
            },
            "limits": {"connections": connections, "per_minute": per_minute, "per_day": per_day},
        }
    )
    if asking:
        ask_settings(table, taken)
    profile = _profile(table)
    if profile.name in taken:
        shown.fail(str(ProfileExists(profile.name)))
    if profile.failover is not None and profile.failover not in taken:
        shown.fail(f"failover: {UnknownProfile(profile.failover, taken)}", 2)
    stdin_for: list[Service] = []
    if smtp_password_stdin or smtp_password_file == STDIN:
        stdin_for.append("smtp")
    if imap_password_stdin or imap_password_file == STDIN:
        stdin_for.append("imap")
    if len(stdin_for) > 1:
        shown.fail("only one password can come from standard input", 2)
    given: dict[Service, tuple[Text, Text]] = {
        "smtp": (smtp_password_file, smtp_password_env),
        "imap": (imap_password_file, imap_password_env),
    }
    passwords = {
        service: _password(profile, service, *given[service], from_stdin=service in stdin_for, asking=asking)
        for service in given
    }
    credentials = Credentials(passwords["smtp"], passwords["imap"])
    wanted = test if test is not None else asking and typer.confirm("Test the connection before saving?", default=True)
    results = {}
    if wanted:
        for service in given:
            if service == "imap" and profile.imap is None:
                continue
            _, results[service] = run_test(profile, service, credentials.of(service), quiet=as_json)
        if not all(found.passed for found in results.values()) and not (
            asking and typer.confirm("The test failed. Save all the same?", default=False)
        ):
            shown.fail("the test failed and nothing was saved; --no-test saves without one")
    try:
        kept = ground.profiles.add(profile, credentials)
        for service, found in results.items():
            ground.profiles.record_test(kept.id, service, found)
    except ProfileError as error:
        shown.fail(str(error))
    if as_json:
        shown.print_json({"id": kept.id, "name": kept.name, "tested": bool(results)})
    else:
        shown.say(f"Profile “{kept.name}” is saved. Try it:")
        shown.say(f'  runmail publish run-finished --profile "{kept.name}" --to {kept.from_address} --junit report.xml')


def _profile(table: dict[str, Any]) -> Profile:
    """Check the settings; what is wrong is one line each."""
    try:
        return SettingsForm.model_validate(table).to_profile()
    except ValidationError as error:
        found = faults(error)
        for fault in found[:-1]:
            shown.warn(fault)
        shown.fail(found[-1], 2)


def _password(
    profile: Profile, service: Service, file: Text, env: Text, *, from_stdin: bool, asking: bool
) -> str | None:
    """Get the password of a service from where it is said to be, or ask for it unseen."""
    settings = profile.smtp if service == "smtp" else profile.imap
    if settings is None or settings.username is None:
        return None
    try:
        if from_stdin:
            found = sys.stdin.readline().rstrip("\r\n")
        elif file is not None or env is not None:
            found = SecretSource(env=env, file=file).read(os.environ, Path.cwd())
        elif asking:
            found = str(typer.prompt(f"{service.upper()} password for {settings.username}", hide_input=True))
        else:
            shown.fail(
                f"the {service} user needs a password: --{service}-password-file, --{service}-password-env "
                f"or --{service}-password-stdin",
                2,
            )
    except NoSecret as error:
        shown.fail(f"{service} password: {error}")
    if not found:
        shown.fail(f"the {service} password is empty")
    return found


def _server(
    host: Text,
    port: int | None,
    security: Security | None,
    username: Text,
    ca_file: Text,
    folders: list[str] | None = None,
) -> dict[str, Any]:
    found = {"host": host, "port": port, "security": security, "username": username, "ca_file": ca_file}
    return {**found, "folders": folders or None}


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table without what was not given, nor tables that are empty for it."""
    cleaned = {key: _without_none(value) if isinstance(value, dict) else value for key, value in table.items()}
    return {key: value for key, value in cleaned.items() if value is not None and value != {}}
