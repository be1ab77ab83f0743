"""Where a command gets a password from: a file, a variable, standard input or, unseen, the terminal.

Never from an argument: those stand in the process list and in the shell's history.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from profiles.profile import Profile
from profiles.sealing import Service
from profiles.secret_source import NoSecret, SecretSource
from worker.cli import shown

STDIN = "-"


@dataclass(frozen=True, slots=True)
class PasswordFrom:
    """What the options of a command say about one password."""

    file: str | None = None
    env: str | None = None
    stdin: bool = False

    @property
    def is_stdin(self) -> bool:
        """Whether it comes from standard input."""
        return self.stdin or self.file == STDIN

    @property
    def is_given(self) -> bool:
        """Whether the options name any source."""
        return self.is_stdin or self.file is not None or self.env is not None


def asking() -> bool:
    """Say whether a person can be asked."""
    return sys.stdin.isatty()


def username(profile: Profile, service: Service) -> str | None:
    """Return the user whose password a service needs; None when it needs none."""
    settings = profile.smtp if service == "smtp" else profile.imap
    return settings.username if settings is not None else None


def read_password(source: PasswordFrom, service: Service, user: str, *, may_ask: bool, options: str) -> str:
    """Read a password from its source; without one ask for it, or end with 2 and the options there are."""
    label = service.upper()
    try:
        if source.is_stdin:
            found = sys.stdin.readline().rstrip("\r\n")
        elif source.is_given:
            found = SecretSource(env=source.env, file=source.file).read(os.environ, Path.cwd())
        elif may_ask:
            found = str(typer.prompt(f"{label} password for {user}", hide_input=True))
        else:
            shown.fail(f"the {label} user {user} needs a password: {options}", 2)
    except NoSecret as error:
        shown.fail(f"{label} password: {error}")
    if not found:
        shown.fail(f"the {label} password is empty")
    return found


def new_password(profile: Profile, service: Service, source: PasswordFrom, *, may_ask: bool) -> str | None:
    """Get the password that a service of a profile needs; None when it has no user."""
    user = username(profile, service)
    if user is None:
        return None
    options = ", ".join(f"--{service}-password-{each}" for each in ("file", "env")) + f" or --{service}-password-stdin"
    return read_password(source, service, user, may_ask=may_ask, options=options)
