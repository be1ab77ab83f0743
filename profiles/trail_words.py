"""What an entry of the audit trail says, in words for the terminal and the page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from profiles.trail import CHANGED


def change_in_words(change: Any) -> str:
    """Put one change of a setting in words."""
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
