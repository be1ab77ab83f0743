"""Ids: the same fact gets the same id, so that repeating a command in one CI step is one event.

It knows no CI variables; what identifies the run is handed in.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .events import EventData

#: Hexadecimal digits; 160 bits of SHA-256 are beyond any chance of two runs sharing one.
ID_LENGTH = 40


def derived_id(
    type: str,  # noqa: A002 - CloudEvents' word
    data: EventData,
    *,
    attempt: str | None = None,
    occasion: str | None = None,
) -> str:
    """Derive an event's id.

    With a run id in `data` it is the hash of what identifies the run: type, run id, `attempt` (what tells one
    execution of a CI job from its repetition), suite, environment, shard and profile. Without one it is the
    hash of the type, everything in `data` and `occasion` (what tells this statement from an equal one at another
    time). The event's `time` never enters.
    """
    facts: dict[str, Any] = data.model_dump(mode="json", by_alias=True, exclude_none=True)
    identifying: list[Any]
    if facts.get("run_id"):
        names = ("run_id", "suite", "environment", "shard", "profile")
        identifying = ["run", type, attempt, *(facts.get(name) for name in names)]
    else:
        identifying = ["content", type, facts, *([occasion] if occasion else [])]
    text = json.dumps(identifying, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]


def started_id(finish_id: str) -> str:
    """Return the id of the event that says that the run with this finish began."""
    return f"{finish_id}/started"


def overdue_id(finish_id: str) -> str:
    """Return the id of the finish that the worker states when the run's own did not come in time.

    It differs from `finish_id`, so that a late finish conflicts with nothing and is told as well.
    """
    return f"{finish_id}/overdue"
