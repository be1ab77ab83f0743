"""Writing profiles as the text of a profiles file (TOML), which `seed` reads back to no change.

A password is written as a reference to an environment variable, never as itself. Pure: it opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, count
from typing import Any

from profiles.described import describe
from profiles.drafts import SERVICES
from profiles.profile import Profile
from profiles.rows import place
from profiles.settings_form import SettingsForm

#: Characters that a basic string of TOML must escape, beside control characters (toml.io, v1.0.0, String).
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
#: Settings that a file leaves out when they are these: what the form takes without them.
DEFAULTS = {name: field.default for name, field in SettingsForm.model_fields.items() if not field.is_required()}


@dataclass(frozen=True, slots=True)
class ProfilesText:
    """The text of a profiles file, its tables, and the environment variables with passwords that seeding it needs."""

    text: str
    tables: tuple[dict[str, Any], ...]
    variables: tuple[str, ...]


def write_profiles(profiles: Sequence[Profile]) -> ProfilesText:
    """Write profiles as a profiles file."""
    variables: list[str] = []
    tables = []
    for profile in profiles:
        table = file_table(profile)
        for service in SERVICES:
            if place(profile, service) is not None:
                variables.append(_variable(f"{profile.name}_{service}_password", variables))
                table[service]["password"] = {"env": variables[-1]}
        tables.append(table)
    return ProfilesText("\n".join(_profile(table) for table in tables), tuple(tables), tuple(variables))


def file_table(profile: Profile) -> dict[str, Any]:
    """Return a profile as one `[[profile]]` table, without passwords and without what goes without saying."""
    described = describe(profile)
    if profile.credential_expires is not None:
        described["credential_expires"] = profile.credential_expires
    table = {}
    for name, value in described.items():
        if isinstance(value, dict):
            value = {key: each for key, each in value.items() if each is not None}
        if value in (None, {}, []) or value == DEFAULTS.get(name, ...):
            continue
        table[name] = value
    return table


def _variable(wished: str, taken: Sequence[str]) -> str:
    """Return a name for an environment variable that is not taken."""
    name = re.sub(r"[^A-Z0-9]+", "_", wished.upper()).strip("_")
    name = f"P_{name}" if name[:1].isdigit() else name
    numbered = (f"{name}_{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def _profile(table: dict[str, Any]) -> str:
    """Write one `[[profile]]` with its tables below it."""
    lines = ["[[profile]]"]
    lines += [f"{name} = {_value(value)}" for name, value in table.items() if not isinstance(value, dict)]
    for name, value in table.items():
        if isinstance(value, dict):
            lines.append(f"[profile.{name}]")
            lines += [f"{key} = {_value(each)}" for key, each in value.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """Write a value of a setting."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case list():
            return f"[{', '.join(_value(each) for each in value)}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
        case _:
            return f'"{"".join(_character(char) for char in str(value))}"'


def _character(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else char
