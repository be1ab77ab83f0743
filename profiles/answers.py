"""A server's answer as a frozen value, with its text made harmless.

What a server says is untrusted: it is kept as one line of printable characters, so that neither a terminal, a
page nor a database can be surprised by it. What an answer means is said by `classify`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from profiles.errors import MAX_ANSWER

_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply of an SMTP server: `code` (RFC 5321 4.2), enhanced `status` (RFC 3463) or None, and its text."""

    code: int
    status: str | None
    text: str

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.code, self.status, self.text) if part)


def read_answer(code: int, said: str) -> Answer:
    """Make an Answer of a reply whose lines are joined by newlines.

    The enhanced status is taken from the first line; on the further lines it is repeated (RFC 2034 4) and
    left out.
    """
    match = _STATUS.match(said)
    status = match.group(1) if match else None
    lines = said.split("\n")
    if status:
        lines = [line.removeprefix(status).strip() for line in lines]
    return Answer(code, status, printable(" ".join(lines)))


def printable(text: str, limit: int = MAX_ANSWER) -> str:
    """Return text as one line of printable characters, cut to `limit`.

    Control, format and surrogate characters become blanks: escape sequences lose their escape, and
    bidirectional marks cannot turn a line around.
    """
    shown = "".join(char if char.isprintable() else " " for char in text[: 4 * limit])
    return " ".join(shown.split())[:limit]
