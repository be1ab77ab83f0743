"""How much one rendering may spend: steps, characters written, and the size of any one value.

A template is written by an admin, and a slip in it must not stop a worker. What these bounds count is the same on
every machine, so that a template that passes the check does not fail later because a machine is busy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from jinja2.exceptions import SecurityError

#: Turns of loops, calls and loaded templates of one rendering. Our own largest mail takes about 1,000.
MAX_STEPS = 20_000
#: Characters of one rendering; those of a text count each time it is made, changed or written.
MAX_WRITTEN = 5_000_000
#: Characters of one text, and items of one list with everything in it.
MAX_TEXT = 200_000
MAX_ITEMS = 10_000
#: Bits of a whole number.
MAX_BITS = 256
#: A number or the characters of a text that is given to a filter: a width, a separator.
MAX_ARGUMENT = 200


class TooMuch(SecurityError):
    """Raised when a template does more than a mail can need."""


@dataclass(slots=True)
class Spent:
    """What one rendering has spent so far."""

    steps: int = 0
    written: int = 0

    def step(self, characters: int = 0) -> None:
        """Count one turn of a loop, call or load, with the characters it writes."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooMuch(f"it takes more than {MAX_STEPS:,} steps")
        self.write(characters)

    def write(self, characters: int) -> None:
        """Count characters."""
        self.written += characters
        if self.written > MAX_WRITTEN:
            raise TooMuch(f"it writes more than {MAX_WRITTEN:,} characters")


_SPENT: ContextVar[Spent | None] = ContextVar("spent", default=None)


@contextmanager
def one_rendering() -> Iterator[Spent]:
    """Count what is spent inside as one rendering."""
    spent = Spent()
    token = _SPENT.set(spent)
    try:
        yield spent
    finally:
        _SPENT.reset(token)


def spent() -> Spent:
    """Return what the current rendering has spent; outside one, as when a template is compiled, a count of its own."""
    return _SPENT.get() or Spent()


def sized(value: object) -> object:
    """Return a value that is not too large; a text counts as written, whatever becomes of it.

    The items of lists in lists are counted each time they are reached, so that few lists cannot stand for many.

    Raises:
        TooMuch: when it is.
    """
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise TooMuch(f"it makes a text of more than {MAX_TEXT:,} characters")
        spent().write(len(value))
    elif isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise TooMuch(f"it makes a number of more than {MAX_BITS} bits")
    elif isinstance(value, list | tuple | dict | set | frozenset):
        _count(value, MAX_ITEMS)
    return value


def _count(value: Collection[object], left: int) -> int:
    """Return how many items may still come after those of `value`."""
    left -= len(value)
    if left < 0:
        raise TooMuch(f"it makes a list of more than {MAX_ITEMS:,} items")
    for item in value.values() if isinstance(value, Mapping) else value:
        if isinstance(item, list | tuple | dict | set | frozenset):
            left = _count(item, left)
    return left


def short(value: object) -> None:
    """Check an argument of a filter.

    Raises:
        TooMuch: when it is a large number, a long text or a list.
    """
    if isinstance(value, str):
        large = len(value) > MAX_ARGUMENT
    elif isinstance(value, int | float):
        large = not abs(value) <= MAX_ARGUMENT
    else:
        large = isinstance(value, list | tuple | dict)
    if large:
        raise TooMuch(f"it gives a filter an argument beyond {MAX_ARGUMENT}")


def product(left: object, right: object) -> None:
    """Check two factors before they are multiplied.

    Raises:
        TooMuch: when the product would be too large.
    """
    for many, times in ((left, right), (right, left)):
        if isinstance(many, str | list | tuple) and isinstance(times, int):
            most = MAX_TEXT if isinstance(many, str) else MAX_ITEMS
            if len(many) * times > most:
                raise TooMuch(f"it multiplies to more than {most:,}")


def power(base: object, exponent: object) -> None:
    """Check a power before it is taken.

    Raises:
        TooMuch: when it would be too large.
    """
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > MAX_BITS:
        raise TooMuch(f"it makes a number of more than {MAX_BITS} bits")
