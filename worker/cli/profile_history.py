"""`runmail profiles history`: what was changed of a profile, when, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from consumers.views.shown_times import shown_time
from profiles.errors import ProfileError
from profiles.trail import CHANGED, Entry
from worker.cli import shown, standing
from worker.cli.profile_arguments import AsJson, Name


def history(name: Name, as_json: AsJson = False) -> None:
    """Show every change of a profile, oldest first; also of one that was renamed or removed."""
    try:
        found = standing.ground().profiles.history(name)
    except ProfileError as error:
        shown.fail(str(error))
    if as_json:
        shown.print_json([_document(entry) for entry in found])
    elif not found:
        shown.say(f"No change of “{name}” is on record.")
    for entry in () if as_json else found:
        author = entry.author
        where = f" on {author.host}" if author.host else ""
        shown.say(f"{_time(entry)}  {entry.action}  “{entry.profile}” by {author.who} ({author.via}{where})")
        for field, change in entry.changes.items():
            shown.say(f"    {field}: {_said(change)}")


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "at": shown_time(entry.at),
        "profile_id": entry.profile_id,
        "profile": entry.profile,
        "action": entry.action,
        **asdict(entry.author),
        "changes": dict(entry.changes),
    }


def _time(entry: Entry) -> str:
    return (shown_time(entry.at) or "")[:19].replace("T", " ")


def _said(change: Any) -> str:
    """Put one change in words."""
    if change == CHANGED:
        return CHANGED
    if isinstance(change, Mapping):
        return ", ".join(f"{number} {name}" for name, number in change.items() if number)
    before, after = change
    return _plain(after) if before is None else f"{_plain(before)} → {_plain(after)}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "nothing" if value is None else str(value)
