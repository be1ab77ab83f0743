"""fit: bring an event under the size that the queue and the database are built for, by rule.

Traces give way first, then messages, then `tests`, then failures beyond the 200th; of a summary, old points of
trends, then rows. What was left out is counted in `data.shortened`; totals are never touched. Nothing is cut
that need not be: once the event fits, what was cut in vain is given back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .events import (
    Event,
    EventData,
    Failure,
    RunFinishedData,
    SuiteSummary,
    SummaryReadyData,
    Value,
)
from .malformed import MalformedEvent
from .texts import shorten

#: Bytes; an event is smaller than this in every usual way of writing its JSON (spaces, \u escapes).
MAX_EVENT_BYTES = 1_000_000
#: Failures, and rows of a summary, that nobody reads beyond.
MANY_FAILURES = 200
MANY_ROWS = 500

#: A change of an event, given how far to go.
Cutter = Callable[[Event, int], Event]


@dataclass(frozen=True, slots=True)
class Cut:
    """One thing that may give way: `cutter` applied with each of `limits`, mildest first, until it fits."""

    cutter: Cutter
    limits: tuple[int, ...]


def fit(event: Event) -> Event:
    """Return the event, shortened by rule when it is not under `MAX_EVENT_BYTES`.

    Raises:
        MalformedEvent: `too_large`, when what may not be shortened is too large already (thousands of long
            addresses), and `invalid_attribute` of `is_small`.
    """
    if is_small(event):
        return event
    cuts = _cuts(event.data)
    depths = [0] * len(cuts)
    for place, cut in enumerate(cuts):
        for depth in range(1, len(cut.limits) + 1):
            depths[place] = depth
            if is_small(_cut(event, cuts, depths)):
                return _cut(event, cuts, _given_back(event, cuts, depths, place))
    raise MalformedEvent("too_large", f"is above {MAX_EVENT_BYTES} bytes even when shortened", "data")


def is_small(event: Event) -> bool:
    """Say whether the event is under `MAX_EVENT_BYTES` in every usual way of writing its JSON.

    Raises:
        MalformedEvent: `invalid_attribute`, when an unknown field holds what JSON cannot say.
    """
    try:
        text = event.to_json_text()
    except ValueError:
        raise MalformedEvent("invalid_attribute", "holds what JSON cannot say", "data") from None
    if len(text) >= MAX_EVENT_BYTES:
        return False
    # At worst every character is a separator that gains a blank, or one that is written as two \u escapes.
    if len(text) * (2 if text.isascii() else 12) < MAX_EVENT_BYTES:
        return True
    return len(json.dumps(json.loads(text))) < MAX_EVENT_BYTES


def _given_back(event: Event, cuts: list[Cut], depths: list[int], last: int) -> list[int]:
    """Undo what the cuts before `last` took in vain, the most valuable first."""
    depths = list(depths)
    for place in reversed(range(last)):
        for depth in range(depths[place]):
            milder = [*depths[:place], depth, *depths[place + 1 :]]
            if is_small(_cut(event, cuts, milder)):
                depths = milder
                break
    return depths


def _cut(event: Event, cuts: list[Cut], depths: list[int]) -> Event:
    """Apply each cut as deep as `depths` says (0: not at all) and account for it in `data.shortened`."""
    shorter = event
    for cut, depth in zip(cuts, depths, strict=True):
        if depth:
            shorter = cut.cutter(shorter, cut.limits[depth - 1])
    lost = {name: count for name, count in _lost(event, shorter).items() if count}
    said = event.data.shortened
    return shorter.with_data(shortened={name: said.get(name, 0) + lost.get(name, 0) for name in [*said, *lost]})


def _cuts(data: EventData) -> list[Cut]:
    """List what may give way, what is missed least first."""
    cuts: list[Cut] = []
    if isinstance(data, RunFinishedData):
        cuts = [
            Cut(_shorter("trace"), (4_000, 1_000, 300, 0)),
            Cut(_shorter("message"), (2_000, 500, 150, 0)),
            Cut(_first("tests"), (0,)),
            Cut(_first("failures"), (MANY_FAILURES,)),
        ]
    elif isinstance(data, SummaryReadyData):
        cuts = [
            Cut(_newest_points, (30, 0)),
            Cut(_first("flaky"), (MANY_ROWS,)),
            Cut(_first("slowest"), (MANY_ROWS,)),
            Cut(_first("worst"), (MANY_ROWS,)),
            Cut(_first("suites"), (MANY_ROWS,)),
        ]
    cuts.append(Cut(_without_unknown, (0,)))
    if isinstance(data, RunFinishedData):
        cuts.append(Cut(_first("failures"), (50, 0)))
    return cuts


def _shorter(name: str) -> Cutter:
    """Make the cutter of one text of every failure; a limit of 0 leaves the text out."""

    def short(failure: Failure, limit: int) -> Failure:
        text = getattr(failure, name)
        if text is None or len(text) <= limit:
            return failure
        return failure.model_copy(update={name: shorten(text, limit) if limit else None})

    def cut(event: Event, limit: int) -> Event:
        assert isinstance(event.data, RunFinishedData)
        return event.with_data(failures=tuple(short(failure, limit) for failure in event.data.failures))

    return cut


def _first(name: str) -> Cutter:
    """Make the cutter that keeps the first entries of one list."""

    def cut(event: Event, limit: int) -> Event:
        return event.with_data(**{name: getattr(event.data, name)[:limit]})

    return cut


def _newest_points(event: Event, limit: int) -> Event:
    """Keep the newest points of each suite's trend."""
    assert isinstance(event.data, SummaryReadyData)

    def newest(suite: SuiteSummary) -> SuiteSummary:
        return suite.model_copy(update={"trend": suite.trend[-limit:] if limit else ()})

    return event.with_data(suites=tuple(newest(suite) for suite in event.data.suites))


def _without_unknown(event: Event, _limit: int) -> Event:
    """Drop the fields that our classes do not know, at every level."""
    return type(event).model_validate(_known(event))


def _known(value: Any) -> Any:
    if isinstance(value, Value):
        return {name: _known(getattr(value, name)) for name in type(value).model_fields}
    return [_known(part) for part in value] if isinstance(value, tuple) else value


def _lost(before: Event, after: Event) -> dict[str, int]:
    """Count what `after` lacks, by the names that `data.shortened` uses."""
    old, new = before.data, after.data
    lost = {
        name: len(getattr(old, name, ())) - len(getattr(new, name, ()))
        for name in ("tests", "failures", "suites", "worst", "slowest", "flaky")
    }
    for name, rows, part in (
        ("traces", "failures", "trace"),
        ("messages", "failures", "message"),
        ("trends", "suites", "trend"),
    ):
        pairs = zip(getattr(old, rows, ()), getattr(new, rows, ()), strict=False)
        lost[name] = sum(getattr(one, part) != getattr(other, part) for one, other in pairs)
    lost["unknown"] = _unknown(before) - _unknown(after)
    return lost


def _unknown(value: Any) -> int:
    """Count the fields that our classes do not know, at every level."""
    if isinstance(value, Value):
        inside = sum(_unknown(getattr(value, name)) for name in type(value).model_fields)
        return len(value.model_extra or ()) + inside
    return sum(_unknown(part) for part in value) if isinstance(value, tuple) else 0
