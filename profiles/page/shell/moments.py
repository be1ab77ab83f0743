"""Moments as pages show them: UTC, to the second, with the machine's form beside the readable one. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup


def time_element(milliseconds: int | None, absent: str = "–") -> Markup:
    """Return a `<time>` element for a moment in milliseconds UTC: “27 Nov 2026, 05:10:12 UTC”."""
    if milliseconds is None:
        return Markup('<span class="soft">{}</span>').format(absent)
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    machine = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(machine, readable(moment))


def readable(moment: datetime) -> str:
    """Return a moment for people: day, month in letters, year, seconds, zone."""
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"


def ago(milliseconds: int | None, now: int) -> str:
    """Return how long ago a moment is, in one unit: “just now”, “5 min ago”, “3 h ago”, “12 d ago”."""
    if milliseconds is None:
        return "never"
    seconds = max(0, now - milliseconds) // 1000
    if seconds < 60:
        return "just now"
    for size, name in ((86_400, "d"), (3_600, "h")):
        if seconds >= size:
            return f"{seconds // size} {name} ago"
    return f"{seconds // 60} min ago"
