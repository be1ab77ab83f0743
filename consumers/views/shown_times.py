"""Times as views show them."""

from __future__ import annotations

from datetime import UTC, datetime


def shown_time(milliseconds: int | None) -> str | None:
    """Return a time as ISO 8601 in UTC with milliseconds."""
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
