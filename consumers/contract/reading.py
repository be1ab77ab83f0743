"""Reading what is published: from bytes or a JSON value to an Event, or to what is wrong with it and where.

Every door and the worker read events here. It never shows the input back, only names of fields and rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from consumers.contract.events import EVENT_TYPES, Event

#: Longest name of a field that is repeated to people.
MAX_FIELD = 120


class MalformedEvent(Exception):
    """Raised when an input is no event; `reason` is a stable name, `field` a dotted path, `text` for people."""

    def __init__(self, reason: str, text: str, field: str = "") -> None:
        self.reason = reason
        self.field = field[:MAX_FIELD]
        self.text = f"{self.field}: {text}" if self.field else text
        super().__init__(self.text)


def read_json(body: bytes | str) -> Any:
    """Decode JSON strictly: UTF-8, no NaN, bounded depth.

    Raises:
        MalformedEvent: with reason `not_json`.
    """
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body.removeprefix("\ufeff")
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise MalformedEvent("not_json", "the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise MalformedEvent("not_json", "the text is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedEvent("not_json", f"no JSON: {error.msg} in line {error.lineno}") from None
    except ValueError as error:
        raise MalformedEvent("not_json", f"no JSON: {error}") from None


def read_event(value: object) -> Event:
    """Read one event from a decoded JSON value.

    Raises:
        MalformedEvent: with reason `not_an_object`, `missing_attribute`, `unknown_type`, `identifier_too_long` or
            `invalid_attribute`.
    """
    if not isinstance(value, dict):
        raise MalformedEvent("not_an_object", "an event is a JSON object")
    for name in ("specversion", "id", "source", "type", "data"):
        if value.get(name) in (None, ""):
            raise MalformedEvent("missing_attribute", "is missing", name)
    kind = value["type"]
    if not isinstance(kind, str) or kind not in EVENT_TYPES:
        raise MalformedEvent("unknown_type", f"is none of {', '.join(EVENT_TYPES)}", "type")
    try:
        return EVENT_TYPES[kind].model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = "identifier_too_long" if first["type"] in ("string_too_long", "too_long") else "invalid_attribute"
        if first["type"] == "missing":
            raise MalformedEvent("missing_attribute", "is missing", field) from None
        raise MalformedEvent(reason, first["msg"].removeprefix("Value error, "), field) from None
    except RecursionError:
        raise MalformedEvent("invalid_attribute", "the event is nested too deeply") from None


def read_events(text: str) -> Iterator[tuple[int, Event | MalformedEvent]]:
    """Read one event, an array of them, or one a line; each with the line it begins in (an array's by number)."""
    try:
        whole = read_json(text)
    except MalformedEvent:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield number, _read_line(line)
        return
    for number, value in enumerate(whole if isinstance(whole, list) else [whole], 1):
        try:
            yield number, read_event(value)
        except MalformedEvent as error:
            yield number, error


def _read_line(line: str) -> Event | MalformedEvent:
    try:
        return read_event(read_json(line))
    except MalformedEvent as error:
        return error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
