"""walk: the leaves of a mail's MIME tree, as offsets into its octets, in time linear in its size.

Nothing is decoded and no part is copied here; what a part says is taken up by `part_text`. A tree that is broken,
too deep or endless ends early and is no error: whatever was found until then is what the mail is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from consumers.inbound.reading.header_block import HeaderBlock, media_type, read_headers

#: Leaves that are looked at; a mail with more is no mail that a person or a mail server wrote.
MAX_PARTS = 100
#: Levels of multiparts; every level may cost one search through the mail.
MAX_DEPTH = 12
#: Parts of one multipart that are found, empty and nested ones included.
MAX_CHILDREN = 200

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
    walker.visit(headers, headers.end, len(source), 0, 0, "text/plain")
    kind, parameters = media_type(headers)
    return Tree(kind, parameters, tuple(walker.parts))


class _Walker:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._alternatives = 0
        self.parts: list[Part] = []

    def visit(self, headers: HeaderBlock, start: int, end: int, depth: int, alternative: int, default: str) -> None:
        """Add the leaves of what lies between `start` and `end`, where its headers have ended already."""
        kind, parameters = media_type(headers, default)
        if not kind.startswith("multipart/"):
            self.parts.append(Part(kind, parameters, headers, start, end, alternative))
            return
        if depth == MAX_DEPTH:
            return
        spans = self._spans(start, end, parameters.get("boundary", ""))
        if not spans:
            self.parts.append(Part("text/plain", {}, headers, start, end, alternative))
            return
        if kind == "multipart/alternative":
            self._alternatives += 1
            alternative = self._alternatives
        inner_default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        for child_start, child_end in spans:
            if len(self.parts) >= MAX_PARTS:
                return
            inner = read_headers(self._source, child_start, child_end)
            self.visit(inner, min(inner.end, child_end), child_end, depth + 1, alternative, inner_default)

    def _spans(self, start: int, end: int, boundary: str) -> list[tuple[int, int]]:
        """Return where the parts of a multipart lie (RFC 2046 5.1.1); the last may lack its closing mark."""
        source = self._source
        mark = b"--" + boundary.encode("utf-8", "replace")
        if not boundary:
            guess = _FIRST_MARK.search(source, start, min(end, start + 4096))
            if guess is None:
                return []
            mark = b"--" + guess[1]
        spans: list[tuple[int, int]] = []
        opened = -1
        position = start
        while len(spans) < MAX_CHILDREN:
            found = source.find(mark, position, end)
            if found < 0:
                break
            position = found + len(mark)
            if found != start and source[found - 1 : found] != b"\n":
                continue
            line_end = source.find(b"\n", position, min(end, position + 80))
            tail = source[position : line_end if line_end >= 0 else min(end, position + 80)]
            closing = tail.startswith(b"--")
            if not closing and tail.strip():
                continue  # a longer boundary that begins like this one
            if opened >= 0:
                spans.append((opened, _before_line_end(source, opened, found)))
            if closing:
                return spans
            opened = position = line_end + 1 if line_end >= 0 else end
        if 0 <= opened < end:
            spans.append((opened, end))
        return spans


def _before_line_end(source: bytes, start: int, end: int) -> int:
    """The line end before a mark belongs to the mark."""
    if end > start and source[end - 1 : end] == b"\n":
        end -= 1
        if end > start and source[end - 1 : end] == b"\r":
            end -= 1
    return end
