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

from .malformed import MalformedEvent

#: Levels of nesting; an event of ours has six.
MAX_DEPTH = 64
TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"
#: Integers of 64 bits, signed or not.
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1
#: Characters of an integer's text that are worth converting; CPython refuses more than 4,300 digits itself.
_MAX_DIGITS = 24


class _Repeated(dict[str, Any]):
    """An object in which `key` appears twice; found by `plain`, because a hook that raises loses the place."""

    key = ""


class _Fault(Exception):
    """What is wrong with a value whose path is not known yet."""

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        self.text = text


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
        raise MalformedEvent("too_deep", TOO_DEEP) from None


def read_json(text: str | bytes) -> Any:
    """Decode one JSON text and check it; UTF-8, with or without a byte order mark.

    Raises:
        MalformedEvent: `not_json`, and the reasons of `plain`.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    text = text.removeprefix("\ufeff").strip(" \t\r\n")
    try:
        value, end = decode_at(text, 0)
    except json.JSONDecodeError as error:
        raise syntax_fault(error) from None
    if end < len(text):
        raise MalformedEvent("not_json", f"something follows the JSON value (character {end + 1})")
    return plain(value)


def syntax_fault(error: json.JSONDecodeError) -> MalformedEvent:
    """Say where JSON ends; the decoder's own words hold nothing of the input."""
    if error.pos >= len(error.doc.rstrip()):
        return MalformedEvent("not_json", "the input ends in the middle of a value: was it cut off?")
    return MalformedEvent("not_json", f"no JSON: {error.msg.lower()} (column {error.colno})")


def plain(value: object) -> Any:
    """Return `value` as plain JSON values; lists and dicts are new, NUL is replaced.

    Raises:
        MalformedEvent: `too_deep`, `duplicate_key`, `invalid_number`, `invalid_text` or `invalid_attribute`,
            with the path of the value as field.
    """
    path: list[str] = []
    try:
        return _plain(value, 0, path)
    except _Fault as fault:
        field = ".".join(reversed(path)) or None
        raise MalformedEvent(fault.reason, fault.text, field) from None


def _plain(value: object, depth: int, path: list[str]) -> Any:
    """Check one value; on the way out of a failure each level adds its key to `path`, innermost first."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | datetime):
        return value
    if isinstance(value, int | float | _HugeInteger):
        return _number(value)
    if depth >= MAX_DEPTH:
        raise _Fault("too_deep", TOO_DEEP)
    if isinstance(value, dict):
        if isinstance(value, _Repeated):
            path.append(value.key)
            raise _Fault("duplicate_key", "appears twice in one object")
        return {_key(key): _part(key, part, depth, path) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_part(index, part, depth, path) for index, part in enumerate(value)]
    raise _Fault("invalid_attribute", "is no value that JSON knows")


def _part(key: object, part: object, depth: int, path: list[str]) -> Any:
    try:
        return _plain(part, depth + 1, path)
    except _Fault:
        path.append(str(key))
        raise


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise _Fault("invalid_attribute", "has a key that is no text")
    return _text(key)


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Fault("invalid_text", "is no sound UTF-8 text (half a surrogate pair)") from None
    return value.replace("\x00", "\ufffd")


def _number(value: int | float | _HugeInteger) -> int | float:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise _Fault("invalid_number", "must be a finite number")
    if isinstance(value, _HugeInteger) or not MIN_INTEGER <= value <= MAX_INTEGER:
        raise _Fault("invalid_number", "is an integer of more than 64 bits")
    return value
