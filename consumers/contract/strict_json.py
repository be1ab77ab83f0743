"""JSON read more strictly than the standard library does, so that one text has one meaning everywhere.

Refused: keys that appear twice, NaN and infinities, integers that no other language can hold, lone
surrogates, and nesting that would exhaust a stack. NUL, which PostgreSQL cannot keep, becomes U+FFFD. It knows
nothing of events.
"""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from consumers.contract.malformed import MalformedEvent

#: Levels of nesting; an event of ours has six.
MAX_DEPTH = 64
#: Integers of 64 bits, signed or not.
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1
#: Characters of an integer's text that are worth converting; CPython refuses more than 4,300 digits itself.
_MAX_DIGITS = 24


class _Repeated(dict[str, Any]):
    """An object in which `key` appears twice; found by `plain`, because a hook that raises loses the place."""

    key = ""


class _HugeInteger:
    """Stands for an integer too long to be converted."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = _Repeated(found)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            repeated.key = key
            break
        seen.add(key)
    return repeated


def _integer(text: str) -> int | _HugeInteger:
    return int(text) if len(text) <= _MAX_DIGITS else _HugeInteger()


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)


def decode_at(text: str, start: int) -> tuple[Any, int]:
    """Decode the JSON value that begins at `start`; return it, still unchecked, and where it ends.

    Raises:
        json.JSONDecodeError: when there is no JSON value.
        MalformedEvent: `too_deep`, when reading it would exhaust the stack.
    """
    try:
        return _DECODER.raw_decode(text, start)
    except RecursionError:
        raise _too_deep() from None


def plain(value: object) -> Any:
    """Return `value` as plain JSON values; lists and dicts are new, NUL is replaced.

    Raises:
        MalformedEvent: `too_deep`, `duplicate_key`, `invalid_number`, `invalid_text` or `invalid_attribute`,
            with the path of the value as field.
    """
    path: list[str] = []
    try:
        return _plain(value, 0, path)
    except MalformedEvent as malformed:
        field = ".".join(reversed(path)) or None
        raise MalformedEvent(malformed.reason, malformed.text, field) from None


def _plain(value: object, depth: int, path: list[str]) -> Any:
    """Check one value; on the way out of a failure each level adds its key to `path`, innermost first."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | datetime):
        return value
    if isinstance(value, int | float | _HugeInteger):
        return _number(value)
    if depth >= MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, dict):
        if isinstance(value, _Repeated):
            path.append(value.key)
            raise MalformedEvent("duplicate_key", "appears twice in one object")
        return {_key(key): _part(key, part, depth, path) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_part(index, part, depth, path) for index, part in enumerate(value)]
    raise MalformedEvent("invalid_attribute", "is no value that JSON knows")


def _part(key: object, part: object, depth: int, path: list[str]) -> Any:
    try:
        return _plain(part, depth + 1, path)
    except MalformedEvent:
        path.append(str(key))
        raise


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise MalformedEvent("invalid_attribute", "has a key that is no text")
    return _text(key)


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise MalformedEvent("invalid_text", "is no sound UTF-8 text (half a surrogate pair)") from None
    return value.replace("\x00", "\ufffd")


def _number(value: int | float | _HugeInteger) -> int | float:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise MalformedEvent("invalid_number", "must be a finite number")
    if isinstance(value, _HugeInteger) or not MIN_INTEGER <= value <= MAX_INTEGER:
        raise MalformedEvent("invalid_number", "is an integer of more than 64 bits")
    return value


def _too_deep() -> MalformedEvent:
    return MalformedEvent("too_deep", f"is nested deeper than {MAX_DEPTH} levels")
