"""walk: the leaves of a mail's MIME tree, as offsets into its octets, in time linear in its size.

Nothing is decoded and no part is copied here; what a part says is taken up by `part_text`. A tree that is broken,
too deep or endless ends early and is no error: whatever was found until then is what the mail is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from consumers.inbound.reading.header_block import HeaderBlock, media_type, read_headers

#: Leaves that are looked at; a mail with more is no mail that a person or a mail server wrote.
MAX_PARTS = 100
#: Levels of multiparts; every level may cost one search through the mail.
MAX_DEPTH = 12
#: Parts of any kind that are opened, and of one multipart that are found.
MAX_VISITS = 400
#: Lines that begin like a mark of a boundary and are none.
MAX_FALSE_MARKS = 5_000
#: Octets of white space behind a mark.
MAX_PADDING = 80

_FIRST_MARK = re.compile(rb"^--([^\s]{1,200})[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf: its media type and where its body lies in the source.

    `alternative` numbers the multipart/alternative that it belongs to; 0 when it belongs to none.
    """

    kind: str
    parameters: dict[str, str]
    headers: HeaderBlock
    start: int
    end: int
    alternative: int

    @property
    def is_attachment(self) -> bool:
        """Whether the sender attached it, rather than wrote it."""
        disposition = self.headers.first("content-disposition").lower()
        return disposition.startswith("attachment")


@dataclass(frozen=True, slots=True)
class Tree:
    """The leaves of a mail in their order, and the media type of its root."""

    root: str
    parameters: dict[str, str]
    parts: tuple[Part, ...]


def walk(source: bytes, headers: HeaderBlock) -> Tree:
    """Find the leaves of a mail whose top headers have been read."""
    walker = _Walker(source)
    kind, parameters = walker.visit(headers, headers.end, len(source), 0, 0, "text/plain")
    return Tree(kind, parameters, tuple(walker.parts))


class _Walker:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._alternatives = 0
        self._visits = 0
        self._false_marks = 0
        self.parts: list[Part] = []

    def visit(
        self, headers: HeaderBlock, start: int, end: int, depth: int, alternative: int, default: str
    ) -> tuple[str, dict[str, str]]:
        """Add the leaves of what lies between `start` and `end`, where its headers have ended already.

        Return its media type and the parameters of it.
        """
        self._visits += 1
        kind, parameters = media = media_type(headers, default)
        if not kind.startswith("multipart/"):
            self.parts.append(Part(kind, parameters, headers, start, end, alternative))
            return media
        if depth == MAX_DEPTH:
            return media
        spans = self._spans(start, end, parameters.get("boundary", ""))
        if not spans:
            self.parts.append(Part("text/plain", {}, headers, start, end, alternative))
            return media
        if kind == "multipart/alternative":
            self._alternatives += 1
            alternative = self._alternatives
        inner_default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        for child_start, child_end in spans:
            if len(self.parts) >= MAX_PARTS or self._visits >= MAX_VISITS:
                break
            inner = read_headers(self._source, child_start, child_end)
            self.visit(inner, min(inner.end, child_end), child_end, depth + 1, alternative, inner_default)
        return media

    def _spans(self, start: int, end: int, boundary: str) -> list[tuple[int, int]]:
        """Return where the parts of a multipart lie (RFC 2046 5.1.1); the last may lack its closing mark."""
        mark = b"--" + boundary.encode("utf-8", "replace")
        if not boundary:
            guess = _FIRST_MARK.search(self._source, start, min(end, start + 4096))
            if guess is None:
                return []
            mark = b"--" + guess[1]
        spans: list[tuple[int, int]] = []
        opened = -1
        for found, after, closing in self._marks(mark, start, end):
            if opened >= 0:
                spans.append((opened, _before_line_end(self._source, opened, found)))
            if closing or len(spans) == MAX_VISITS:
                return spans
            opened = after
        if 0 <= opened < end:
            spans.append((opened, end))
        return spans

    def _marks(self, mark: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Yield of each mark where it begins, where the line below it begins, and whether it is the closing one."""
        source = self._source
        position = start
        while (found := source.find(mark, position, end)) >= 0:
            position = found + len(mark)
            line_end = source.find(b"\n", position, min(end, position + MAX_PADDING))
            tail = source[position : line_end if line_end >= 0 else min(end, position + MAX_PADDING)]
            closing = tail.startswith(b"--")
            begins_a_line = found == start or source[found - 1 : found] == b"\n"
            if begins_a_line and (closing or not tail.strip()):
                position = line_end + 1 if line_end >= 0 else end
                yield found, position, closing
            elif self._false_marks == MAX_FALSE_MARKS:
                return
            else:  # within a line, or a longer boundary that begins like this one
                self._false_marks += 1


def _before_line_end(source: bytes, start: int, end: int) -> int:
    """The line end before a mark belongs to the mark."""
    if end > start and source[end - 1 : end] == b"\n":
        end -= 1
        if end > start and source[end - 1 : end] == b"\r":
            end -= 1
    return end
