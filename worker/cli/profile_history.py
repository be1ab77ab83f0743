"""`runmail profiles history`: what was changed of a profile, when, and by whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from consumers.views.shown_times import shown_time
from profiles.errors import ProfileError
from profiles.trail import Entry
from profiles.trail_words import change_in_words
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
            shown.say(f"    {field}: {change_in_words(change)}")


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
