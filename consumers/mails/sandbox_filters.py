"""The filters that templates may use, each bounded in what it is given and in what it makes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Undefined

from consumers.mails.bounds import MAX_ITEMS, MAX_TEXT, TooMuch, short, sized, spent

Filter = Callable[..., Any]

#: Filters that take one text, number or item and give one.
ON_TEXTS = (
    *("abs", "capitalize", "center", "e", "escape", "filesizeformat", "float", "forceescape", "format", "indent"),
    *("int", "lower", "replace", "round", "safe", "string", "striptags", "title", "trim", "truncate", "upper"),
    *("urlencode", "wordcount", "wordwrap"),
)
#: Filters that take lists. None of ours is random: the same mail is the same on every attempt.
ON_LISTS = (
    *("batch", "count", "d", "default", "dictsort", "first", "groupby", "items", "join", "last", "length", "list"),
    *("map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "sort", "sum"),
    *("unique",),
)
#: Filters whose arguments multiply nothing.
FREE_ARGUMENTS = frozenset({"d", "default", "format", "truncate"})
#: A conversion of printf whose width or precision has three digits or more, or comes from an argument.
_WIDE = re.compile(r"%(?:\([^)]*\))?[^%a-zA-Z]*(?:\*|\d{3})")


def bounded_filters(filters: Mapping[str, Filter]) -> dict[str, Filter]:
    """Return those of Jinja's filters that templates may use, bounded."""
    return {
        **{name: _bounded(name, filters[name], on_texts=True) for name in ON_TEXTS},
        **{name: _bounded(name, filters[name], on_texts=False) for name in ON_LISTS},
    }


def scalar(value: Any) -> Any:
    """Return a value that can be written; a list or nothing is a slip, and an unknown name an error of its own."""
    if isinstance(value, Undefined):
        return str(value)
    if not isinstance(value, str | int | float):
        raise TooMuch(f"it writes what is no text and no number ({type(value).__name__})")
    return sized(value)


def _bounded(name: str, call: Filter, *, on_texts: bool) -> Filter:
    """Wrap a filter so that neither its arguments nor its result can be large."""
    before = 1 if hasattr(call, "jinja_pass_arg") else 0

    @functools.wraps(call)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        spent().step()
        passed, rest = args[:before], list(args[before:])
        if on_texts:
            rest[0] = scalar(rest[0])
        elif name == "join":
            rest[0] = _joinable(rest[0])
        if name == "format" and _WIDE.search(str(rest[0])):
            raise TooMuch("it fills in with a width of three digits")
        for argument in (*rest[1:], *kwargs.values()):
            if name == "format":
                scalar(argument)
            elif name not in FREE_ARGUMENTS:
                short(argument)
        return sized(call(*passed, *rest, **kwargs))

    return bounded


def _joinable(value: Iterable[Any]) -> list[Any]:
    """Return the items of what is joined, which must be texts or numbers and not too many together."""
    items, characters = [], 0
    for item in value:
        items.append(scalar(item))
        characters += len(item) if isinstance(item, str) else 20
        if characters > MAX_TEXT or len(items) > MAX_ITEMS:
            raise TooMuch("it joins a text that is too long")
    return items
