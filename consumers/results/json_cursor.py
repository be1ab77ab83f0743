"""JsonCursor: walks a JSON text without holding more of it than one value, so that a long list costs no memory.

It knows nothing of reports. What is not walked into is decoded as a whole by `value`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from consumers.contract.malformed import MalformedEvent
from consumers.contract.strict_json import decode_at

_BLANK = " \t\r\n"


class JsonFault(Exception):
    """Raised where the text is no JSON: `is_end` when it ends in the middle, `at` the character."""

    def __init__(self, text: str, at: int, *, is_end: bool = False) -> None:
        self.at = at
        self.is_end = is_end
        super().__init__(text)


class JsonCursor:
    """A place in a JSON text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        # A whole document of ours ends with a brace; one that does not was cut off.
        self._is_whole = text.rstrip(_BLANK).endswith("}")

    @property
    def line(self) -> int:
        """The line of the place, from 1."""
        return self.line_of(self._at)

    def line_of(self, at: int) -> int:
        """Return the line of a character, from 1."""
        return self._text.count("\n", 0, at) + 1

    def peek(self) -> str:
        """Return the character at which the next value begins; empty at the end."""
        text, at = self._text, self._at
        while at < len(text) and text[at] in _BLANK:
            at += 1
        self._at = at
        return text[at : at + 1]

    def members(self) -> Iterator[str]:
        """Yield each name of the object here; its value is to be read before the next is asked for.

        Raises:
            JsonFault: where this is no JSON.
        """
        self._take("{")
        if self.peek() == "}":
            self._take("}")
            return
        while True:
            name = self.value()
            self._take(":")
            yield name if isinstance(name, str) else ""
            if self._take(",}") == "}":
                return

    def elements(self) -> Iterator[Any]:
        """Yield each value of the list here, one decoded at a time.

        Raises:
            JsonFault: where this is no JSON.
        """
        self._take("[")
        if self.peek() == "]":
            self._take("]")
            return
        while True:
            yield self.value()
            if self._take(",]") == "]":
                return

    def value(self) -> Any:
        """Decode the value here and go behind it.

        Raises:
            JsonFault: where this is no JSON, or is nested too deep.
        """
        self.peek()
        try:
            value, self._at = decode_at(self._text, self._at)
        except json.JSONDecodeError as error:
            raise self._fault(error.msg.lower(), error.pos) from None
        except MalformedEvent as malformed:
            raise JsonFault(f"a value {malformed.text}", self._at) from None
        return value

    def end(self) -> None:
        """Make sure that nothing follows.

        Raises:
            JsonFault: when something does.
        """
        if self.peek():
            raise JsonFault("something follows the report", self._at)

    def _take(self, allowed: str) -> str:
        found = self.peek()
        if not found or found not in allowed:
            raise self._fault(f"expecting {' or '.join(allowed)}", self._at)
        self._at += 1
        return found

    def _fault(self, text: str, at: int) -> JsonFault:
        is_end = not self._is_whole or at >= len(self._text.rstrip(_BLANK))
        return JsonFault(text, at, is_end=is_end)
