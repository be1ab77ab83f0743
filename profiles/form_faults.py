"""What is wrong with settings, as `smtp.port: must be at most 65535`: by the names a person wrote, never the input."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from profiles.settings_form import ImapForm, LimitsForm, SettingsForm, SmtpForm

#: The tables by their place, for suggesting a key that was meant.
TABLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): SettingsForm,
    ("smtp",): SmtpForm,
    ("imap",): ImapForm,
    ("limits",): LimitsForm,
}
#: How a text of our own names the setting it is about, where it belongs to several.
_NAMED = re.compile(r"([a-z_.]+): ")
NO_DATE = "must be a date such as 2026-12-31"
#: pydantic's types of errors in our words; each gets the error's context.
WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": lambda context: "is missing",
    "int_type": lambda context: "must be a whole number",
    "int_parsing": lambda context: "must be a whole number",
    "int_from_float": lambda context: "must be a whole number",
    "bool_type": lambda context: "must be true or false",
    "bool_parsing": lambda context: "must be true or false",
    "string_type": lambda context: "must be text",
    "tuple_type": lambda context: "must be a list",
    "model_type": lambda context: "must be a table",
    "enum": lambda context: f"must be {context['expected']}".replace("'", ""),
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
    "date_type": lambda context: NO_DATE,
    "date_from_datetime_parsing": lambda context: NO_DATE,
    "date_from_datetime_inexact": lambda context: NO_DATE,
    "string_too_short": lambda context: "is empty",
    "string_too_long": lambda context: f"is longer than {context['max_length']} characters",
    "too_short": lambda context: "is empty",
    "too_long": lambda context: f"has more than {context['max_length']} entries",
    "value_error": lambda context: str(context["error"]),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `place` is the setting with dots, empty where it is about none; `said` is about that place."""

    place: str
    said: str

    def __str__(self) -> str:
        return f"{self.place}: {self.said}" if self.place else self.said


def faults(error: ValidationError) -> list[str]:
    """Return one text a fault, in the order of the settings."""
    return [str(fault) for fault in placed_faults(error)]


def placed_faults(error: ValidationError) -> list[Fault]:
    """Return the faults with their places, in the order of the settings."""
    return [_fault(item) for item in error.errors(include_input=False, include_url=False)]


def _fault(item: Any) -> Fault:
    """Put one of pydantic's errors in plain words."""
    where = [part for part in item["loc"] if isinstance(part, str)]
    entry = "".join(f"entry {part + 1} " for part in item["loc"] if isinstance(part, int))
    if item["type"] == "extra_forbidden":
        said = "is not a setting" + _meant(item["loc"])
    elif item["type"] in WORDS:
        said = WORDS[item["type"]](item.get("ctx", {}))
    else:
        said = item["msg"]
    if tuple(where) in TABLES and (named := _NAMED.match(said)):
        where, said = [*where, named[1]], said[named.end() :]
    return Fault(".".join(where), f"{entry}{said}")


def _meant(place: tuple[str, ...]) -> str:
    """Suggest the key that was meant."""
    fields = TABLES[place[:-1]].model_fields
    keys = [field.alias or name for name, field in fields.items()]
    near = get_close_matches(place[-1], keys, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; settings here are {', '.join(keys)}"
