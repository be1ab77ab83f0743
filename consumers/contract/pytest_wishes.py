"""What a run of pytest was asked to tell: options, else variables, else the configuration file.

Standard library only, because pytest loads it in every run. It knows no pytest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: The wishes with their help. The option is `--runmail-NAME`, the variable `RUNMAIL_NAME`, but for the broker's.
HELP = {
    "profile": "E-mail profile that tells of this run; without it runmail is off.",
    "to": "Address to write to; repeat for more. Default: those of the profile.",
    "suite": "What runs. Default: the repository's name in CI, else that of pytest's root folder.",
    "environment": "Where it runs, such as staging. Default: from CI.",
    "deadline": "Minutes: if the run has not reported its end by then, people are told so. Default: not awaited.",
    "wait": "Seconds that the run may be held up for this in all. Default: 1.",
    "broker": "Address of Redis. Better in RUNMAIL_BROKER_URL, for it may hold a password.",
}
#: Wishes that may stand in the configuration file as `runmail_NAME`; a broker's password has no place there.
IN_FILE = ("profile", "to", "suite", "environment", "deadline", "wait")
#: Wishes that are lists.
LISTED = ("to",)

_VARIABLES = {name: f"RUNMAIL_{name.upper()}" for name in HELP} | {"broker": "RUNMAIL_BROKER_URL"}

Value = str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for. `deadline` is in minutes and `wait` in seconds, as they were written."""

    profile: str
    recipients: tuple[str, ...] = ()
    suite: str | None = None
    environment: str | None = None
    deadline: str | None = None
    wait: str | None = None
    broker_url: str | None = None


def read_wishes(given: Mapping[str, Value], variables: Mapping[str, str], filed: Mapping[str, Value]) -> Wishes | None:
    """Take each wish from the first place that says something; None when nobody asked for a profile."""
    found = {name: _first(given.get(name), variables.get(_VARIABLES[name]), filed.get(name)) for name in HELP}
    (profile, *_) = found["profile"] or (None,)
    if profile is None:
        return None
    single = {name: values[0] if values else None for name, values in found.items()}
    return Wishes(
        profile=profile,
        recipients=tuple(part.strip() for text in found["to"] for part in text.split(",") if part.strip()),
        suite=single["suite"],
        environment=single["environment"],
        deadline=single["deadline"],
        wait=single["wait"],
        broker_url=single["broker"],
    )


def _first(*places: Value) -> list[str]:
    """Return the values of the first place that has any."""
    for place in places:
        texts = [place] if isinstance(place, str) else place or ()
        values = [text.strip() for text in texts if text.strip()]
        if values:
            return values
    return []
