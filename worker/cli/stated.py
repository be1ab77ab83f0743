"""What the options of the publishing commands state, turned into values; wrong use ends the command with 2."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer

from consumers.results.stated_counts import StatedCounts
from worker.cli import shown

#: A count beyond this is a mistake; it is the limit of the contract.
MAX_COUNT = 10**12

Profile = Annotated[str, typer.Option(help="Name of the e-mail profile that sends the mail.")]
To = Annotated[
    list[str] | None, typer.Option(help="Address to write to; repeat for more. Default: those of the profile.")
]
Url = Annotated[str | None, typer.Option(help="Where people see more. Default: the run, from CI.")]
Labels = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="Label; repeat for more.")]
Source = Annotated[str | None, typer.Option(help="Source of the event. Default: the repository, else this host.")]
Count = Annotated[int | None, typer.Option(min=0, max=MAX_COUNT, metavar="N", rich_help_panel="Counts by hand")]

_SHARD = re.compile(r"(\d{1,6})/(\d{1,6})\Z", re.ASCII)


def addresses(to: Iterable[str] | None) -> tuple[str, ...]:
    """Return the addresses of repeated options, each of which may hold several with commas."""
    return tuple(address.strip() for text in to or () for address in text.split(",") if address.strip())


def labels(texts: Iterable[str] | None) -> dict[str, str]:
    """Return labels given as NAME=VALUE."""
    return dict(_pair("--label", text, "team=payments") for text in texts or ())


def pairs(option: str, texts: Iterable[str] | None, example: str) -> list[tuple[str, str]]:
    """Return what is given as NAME=VALUE, in order."""
    return [_pair(option, text, example) for text in texts or ()]


def moment(option: str, text: str | None) -> datetime | None:
    """Read a time in ISO 8601; without an offset it is local time, and a date alone is its midnight."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        shown.fail(f"{option} {text}: must be such as 2026-11-20T06:02:11Z", 2)


def shard(text: str | None) -> dict[str, int] | None:
    """Read which part of a run this is, such as 2/5."""
    if text is None:
        return None
    match = _SHARD.match(text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        shown.fail(f"--shard {text}: must be such as 2/5, the second of five", 2)
    return {"index": int(match[1]), "total": int(match[2])}


def counts(**stated: int | None) -> StatedCounts | None:
    """Return counts given by hand; None when there are none."""
    found = StatedCounts(**stated)
    return found if found.stated else None


def _pair(option: str, text: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals):
        shown.fail(f"{option} {text}: must be such as {example}", 2)
    return name.strip(), value.strip()
