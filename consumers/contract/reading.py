"""read_event: one JSON object becomes an Event, or is refused with the reason and the field.

Every door reads with it, and so does the worker with what arrives on the queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from .events import EVENT_TYPES, CloudEvent, Event
from .malformed import MalformedEvent
from .outgoing_events import OUTGOING_TYPES, OutgoingEvent
from .strict_json import plain, read_json

__all__ = ["MalformedEvent", "read_as", "read_event", "read_json", "read_outgoing_event"]

Kind = TypeVar("Kind", bound=CloudEvent)

#: Parts of a path that pydantic adds for the branches of a union, none of which is a field of ours.
_BRANCH_MARKS = "[("


def read_event(obj: object) -> Event:
    """Read one event of a type we know.

    Raises:
        MalformedEvent: `not_an_object`, `missing_attribute`, `unknown_type`, `invalid_attribute`,
            `identifier_too_long`, and the reasons of `strict_json.plain`.
    """
    return read_as(obj, EVENT_TYPES)


def read_outgoing_event(obj: object) -> OutgoingEvent:
    """Read one event of a type that runmail publishes, as a receiver gets it.

    Raises:
        MalformedEvent: as `read_event`.
    """
    return read_as(obj, OUTGOING_TYPES)


def read_as(obj: object, types: Mapping[str, type[Kind]]) -> Kind:
    """Read one event of one of the types.

    Raises:
        MalformedEvent: as `read_event`.
    """
    if not isinstance(obj, dict):
        raise MalformedEvent("not_an_object", "an event is a JSON object")
    attributes: dict[str, Any] = plain(obj)
    if "type" not in attributes:
        raise MalformedEvent("missing_attribute", "is missing", "type")
    model = types.get(attributes["type"]) if isinstance(attributes["type"], str) else None
    if model is None:
        raise MalformedEvent("unknown_type", f"must be one of {', '.join(types)}", "type")
    if "specversion" not in attributes:
        raise MalformedEvent("missing_attribute", "is missing (CloudEvents 1.0)", "specversion")
    try:
        return model.model_validate(attributes)
    except ValidationError as error:
        raise _refusal(error, attributes) from None


def _refusal(error: ValidationError, attributes: dict[str, Any]) -> MalformedEvent:
    """Say the first thing that is wrong, and how many more there are."""
    faults = error.errors(include_url=False, include_input=False)
    first = faults[0]
    field = _path(first["loc"], attributes)
    reason, text = _sentence(first["type"], first.get("ctx", {}), first["msg"])
    others = {_path(fault["loc"], attributes) for fault in faults} - {field}
    if others:
        text += f" ({len(others)} more {'field is' if len(others) == 1 else 'fields are'} wrong)"
    return MalformedEvent(reason, text, field)


def _sentence(kind: str, context: dict[str, Any], message: str) -> tuple[str, str]:
    """Turn pydantic's kind of error into our reason and the rest of a sentence that began with the field."""
    if kind == "missing":
        return "missing_attribute", "is missing"
    if kind == "string_too_long":
        return "identifier_too_long", f"is longer than {context['max_length']} characters"
    if kind == "string_too_short":
        return "invalid_attribute", "is empty"
    if kind == "too_long":
        return "invalid_attribute", f"has more than {context['max_length']} entries"
    if kind == "timezone_aware":
        return "invalid_attribute", "needs its offset from UTC, as in 2026-11-20T06:02:11Z"
    if kind == "literal_error":
        return "invalid_attribute", f"must be {context['expected']}"
    if kind == "value_error":
        return "invalid_attribute", str(context["error"])
    if kind.startswith("datetime"):
        return "invalid_attribute", "must be a time such as 2026-11-20T06:02:11Z"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return "invalid_attribute", "must be an object"
    if kind == "tuple_type":
        return "invalid_attribute", "must be a list"
    return "invalid_attribute", message.replace("Input should", "should", 1)


def _path(location: tuple[int | str, ...], attributes: dict[str, Any]) -> str:
    """Return the dotted path of a fault; what pydantic adds for the branches of a union is left out."""
    here: Any = attributes
    parts: list[str] = []
    for place, part in enumerate(location):
        last = place == len(location) - 1
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and isinstance(part, int):
            here = here[part] if part < len(here) else None
        elif not last or any(mark in str(part) for mark in _BRANCH_MARKS):
            continue
        parts.append(str(part))
    return ".".join(parts)
