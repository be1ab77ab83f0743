"""Reading a profiles file (TOML): every profile with its credentials, or everything that is wrong with it.

It opens the file and the password files it names, and reads variables from the mapping it is given. It knows no
database.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from profiles.errors import ProfileError
from profiles.form_faults import faults
from profiles.profile import Security
from profiles.secret_source import NoSecret
from profiles.settings_form import ImapForm, SettingsForm, SmtpForm
from profiles.store import SERVICES, Credentials, Draft

#: Hosts that are this machine without asking a name server.
OWN_HOSTS = ("localhost", "127.0.0.1", "::1")


class ProfilesFileWrong(ProfileError):
    """Raised with everything that is wrong with a profiles file, one text a fault."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True)
class ProfilesFile:
    """What a file says: new drafts (ids 0) in its order, and what its author should know."""

    drafts: tuple[Draft, ...]
    warnings: tuple[str, ...]


def read_profiles_file(path: Path, environment: Mapping[str, str]) -> ProfilesFile:
    """Read a file and the passwords it points to.

    Raises:
        ProfilesFileWrong: naming every profile and setting that is wrong, and never an input.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ProfilesFileWrong([f"{path} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ProfilesFileWrong([f"{path} is not UTF-8 text"]) from None
    return read_profiles(text, environment, path.parent)


def read_profiles(text: str, environment: Mapping[str, str], folder: Path) -> ProfilesFile:
    """Read the text of a profiles file whose relative password files lie in `folder`.

    Raises:
        ProfilesFileWrong: naming every profile and setting that is wrong, and never an input.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfilesFileWrong([f"this is no TOML: {error}"]) from None
    problems = [_unknown(key) for key in document if key != "profile"]
    tables = document.get("profile", [])
    if not isinstance(tables, list) or not tables:
        raise ProfilesFileWrong(problems or ["there is no [[profile]] in it"])
    drafts: list[Draft] = []
    warnings: list[str] = []
    for number, table in enumerate(tables, 1):
        label = _label(number, table)
        try:
            form = SettingsForm.model_validate(table)
            credentials = _credentials(form, environment, folder)
        except ValidationError as error:
            problems += [f"{label}: {fault}" for fault in faults(error)]
        except NoSecret as error:
            problems.append(f"{label}: {error}")
        else:
            drafts.append(Draft(form.to_profile(), credentials))
            warnings += [f"{label}: {text}" for text in _warnings(form)]
    names = [_name(table) for table in tables]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    problems += [f"profile “{name}” stands there twice" for name in twice]
    if problems:
        raise ProfilesFileWrong(problems)
    return ProfilesFile(tuple(drafts), tuple(warnings))


def _credentials(form: SettingsForm, environment: Mapping[str, str], folder: Path) -> Credentials:
    """Read the passwords the form points to."""
    found = Credentials()
    for service in SERVICES:
        part: SmtpForm | ImapForm | None = form.smtp if service == "smtp" else form.imap
        if part is not None and part.password is not None:
            try:
                found = replace(found, **{service: part.password.read(environment, folder)})
            except NoSecret as error:
                raise NoSecret(f"{service}.password: {error}") from None
    return found


def _warnings(form: SettingsForm) -> list[str]:
    """Return what works but should be known."""
    found = []
    profile = form.to_profile()
    for service in SERVICES:
        part: SmtpForm | ImapForm | None = form.smtp if service == "smtp" else form.imap
        settings = profile.smtp if service == "smtp" else profile.imap
        if part is None or settings is None:
            continue
        if part.password is not None and part.password.literal is not None:
            found.append(f'{service}.password: stands readable in the file; {{ env = "NAME" }} keeps it out')
        if settings.security is Security.NONE and settings.username and settings.host not in OWN_HOSTS:
            found.append(f"{service}.security: without TLS, logging in works only within this machine")
    return found


def _name(table: Any) -> str | None:
    """Return the name that stands in a table, if there is one."""
    name = table.get("name") if isinstance(table, dict) else None
    return name.strip() if isinstance(name, str) else None


def _label(number: int, table: Any) -> str:
    """Name a profile of the file: by its place and its name."""
    name = _name(table)
    return f"profile {number} “{name}”" if name else f"profile {number}"


def _unknown(key: str) -> str:
    near = get_close_matches(key, ["profile"], n=1, cutoff=0.6)
    return f"{key}: is no setting; " + ("did you mean [[profile]]?" if near else "a file holds [[profile]] tables")
