"""`runmail profiles rotate`: replace a password; the new one is tested first, and the old one stays if that fails."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from profiles.drafts import SERVICES, Credentials
from profiles.errors import ProfileError
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.rotating import rotate
from profiles.sealing import Service
from worker.cli import shown, standing
from worker.cli.author import author
from worker.cli.profile_arguments import AsJson, Name
from worker.cli.profile_passwords import PasswordFrom, asking, read_password, username
from worker.cli.profile_tests import run_test

EPILOG = 'Example: runmail profiles rotate "QA alerts" --password-env QA_SMTP_PASSWORD --expires 2027-01-31'
OPTIONS = "--password-file, --password-env or --password-stdin"


def rotate_(
    name: Name,
    smtp: Annotated[bool, typer.Option("--smtp", help="The SMTP password.")] = False,
    imap: Annotated[bool, typer.Option("--imap", help="The IMAP password.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Both, where they are the same.")] = False,
    password_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="File with the new password; - is standard input.")
    ] = None,
    password_env: Annotated[str | None, typer.Option(metavar="NAME", help="Variable with the new password.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")] = False,
    expires: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day the new password is good for. (unknown)")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Keep the new password though its test fails.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace a password. It is tested first; if the test fails, the old one stays and the exit code is 1."""
    ground = standing.ground()
    try:
        profile = ground.profiles.exact(name)
    except ProfileError as error:
        shown.fail(str(error))
    until = _date(expires)
    source = PasswordFrom(password_file, password_env, password_stdin)
    may_ask = asking() and not source.is_stdin
    services = _services(profile, smtp=smtp or both, imap=imap or both, may_ask=may_ask and not source.is_given)
    given: dict[Service, str] = {}
    for service in services:
        user = username(profile, service)
        assert user is not None
        # Given once, it is both services' password; asked for, each has its own.
        if source.is_given and given:
            given[service] = next(iter(given.values()))
        else:
            given[service] = read_password(source, service, user, may_ask=may_ask, options=OPTIONS)
    stages: dict[str, Any] = {}

    def test(tested: Profile, service: Service, credential: str) -> LastTest:
        stages[service], result = run_test(tested, service, credential, quiet=as_json)
        return result

    try:
        done = rotate(
            ground.profiles,
            profile,
            Credentials(given.get("smtp"), given.get("imap")),
            run_test=test,
            force=force,
            expires=until,
            by=author(),
        )
    except ProfileError as error:
        shown.fail(str(error))
    failed = [f"{service}: {result.reason}" for service, result in done.tests.items() if not result.passed]
    if as_json:
        tests = {
            service: {"passed": result.passed, "reason": result.reason, "stages": stages[service]}
            for service, result in done.tests.items()
        }
        shown.print_json({"name": profile.name, "kept": done.kept, "expires": expires, "tests": tests})
    if not done.kept:
        shown.fail(
            f"the old password stays, because the new one fails its test ({', '.join(failed)}); --force keeps it"
        )
    if not as_json:
        which = " and ".join(service.upper() for service in services)
        shown.say(f"The {which} password of “{profile.name}” is replaced.")
        if profile.credential_expires is not None and until is None:
            shown.say(f"When it ends is unknown now (the old one: {profile.credential_expires}); --expires says it.")


def _services(profile: Profile, *, smtp: bool, imap: bool, may_ask: bool) -> list[Service]:
    """Return the services whose password is replaced: those named, else the only one, else both on a terminal."""
    there = [service for service in SERVICES if username(profile, service) is not None]
    if not there:
        shown.fail(f"“{profile.name}” logs in nowhere: it has no password", 2)
    wanted: dict[Service, bool] = {"smtp": smtp, "imap": imap}
    named = [service for service in SERVICES if wanted[service]]
    for service in named:
        if service not in there:
            shown.fail(f"“{profile.name}” has no {service.upper()} user", 2)
    if not named and len(there) > 1 and not may_ask:
        shown.fail("say whose password it is: --smtp, --imap or --both", 2)
    return named or there


def _date(text: str | None) -> date | None:
    """Read a date such as 2026-12-31, or end with 2."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        shown.fail("--expires: must be a date such as 2026-12-31", 2)
