"""masked: an event without what looks like a credential in its texts. Pure, and linear in the size of the event.

Traces copy what a test had in its hands: headers, environment variables, connection URLs. In the prose of an event
(messages, traces, descriptions, titles, unknown fields) every form of `credentials` is masked; in every other text the
user part of a URL. Names and identifiers stay otherwise as they are, because something else refers to them.
"""

from __future__ import annotations

from typing import Any, TypeVar

from .credentials import mask_text, mask_urls
from .events import Event, Value

#: Fields that hold prose.
PROSE = frozenset({"message", "trace", "description", "title"})
#: Fields that the contract lets hold no credential, or that say who is meant.
_LEFT_ALONE = frozenset({"type", "specversion", "datacontenttype", "recipients", "url", "profile"})

E = TypeVar("E", bound=Event)


def masked(event: E) -> E:
    """Return the event with credentials masked and their number in `data.masked`; the same event when there is none.

    Masking twice is masking once.
    """
    found, number = _value(event)
    if not number:
        return event
    assert isinstance(found, type(event))
    return found.with_data(masked=(event.data.masked or 0) + number)


def _value(value: Value) -> tuple[Value, int]:
    """Mask the fields of one of our classes, the unknown ones too; the same object when nothing changed."""
    changes: dict[str, Any] = {}
    number = 0
    fields = [(name, part, name in PROSE) for name, part in value.__dict__.items() if name not in _LEFT_ALONE]
    unknown = [(name, part, True) for name, part in (value.model_extra or {}).items()]
    for name, part, is_prose in (*fields, *unknown):
        new, count = _part(part, is_prose)
        if count:
            changes[name] = new
            number += count
    return (value.model_copy(update=changes) if changes else value), number


def _part(part: Any, is_prose: bool) -> tuple[Any, int]:
    if isinstance(part, str):
        return mask_text(part) if is_prose else mask_urls(part)
    if isinstance(part, Value):
        return _value(part)
    if isinstance(part, tuple | list):
        pairs = [_part(each, is_prose) for each in part]
        number = sum(count for _, count in pairs)
        return (type(part)(each for each, _ in pairs) if number else part), number
    if isinstance(part, dict):
        found = {name: _part(each, is_prose) for name, each in part.items()}
        number = sum(count for _, count in found.values())
        return ({name: each for name, (each, _) in found.items()} if number else part), number
    return part, 0
