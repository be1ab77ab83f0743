"""read_events: the events of a file or a stream, each with its line: one event, an array, or one per line.

One bad event costs nobody else's: it is yielded as a MalformedEvent in its place, and reading goes on.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from .events import Event
from .malformed import MalformedEvent
from .reading import read_event
from .strict_json import decode_at, syntax_fault

#: Bytes of one line; an event above `sizes.MAX_EVENT_BYTES` is shortened, so a line may be far longer.
MAX_LINE = 64 * 1024 * 1024
#: Bytes of a document that must be held as a whole (an array, or events over several lines).
MAX_DOCUMENT = 256 * 1024 * 1024
#: Lines that are looked at to learn whether every line is an event, when the first is none.
LOOK_AHEAD = 50
#: Syntax errors of one document after which it is taken for something else than JSON, and characters behind each
#: that are searched for its end: both bound the time that hostile input takes.
MAX_SYNTAX_FAULTS = 100
MAX_BROKEN_VALUE = 2_000_000

_BLANK = " \t\r\n"
#: A bracket, or a string up to its end or the end of its line.
_TOKEN = re.compile(r'[{}\[\]]|"(?:[^"\\\n]|\\.)*"?')
#: A line that begins with a brace; group 1 is its indentation.
_LINE_OF_OBJECT = re.compile(r"\n([ \t]*)(?=\{)")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"

Read = tuple[int, Event | MalformedEvent]


def read_events(
    source: str | bytes | BinaryIO, *, max_line: int = MAX_LINE, max_document: int = MAX_DOCUMENT
) -> Iterator[Read]:
    """Yield each event of `source`, or why it is none, with the line (from 1) where it begins.

    1. When the first line with anything on it is a whole JSON object, or one of the next is a whole event, every
       line is an event and is read as a stream, one at a time.
    2. Otherwise the text is held as a whole (up to `max_document` bytes) and its values are read one after the other,
       within an array or bare. After a syntax error reading goes on at the next line that begins an object at
       the same or a lesser indentation.

    UTF-8 with or without a byte order mark, UTF-16 with one, any line ends. Nothing but blanks yields nothing.
    """
    stream = _stream(source)
    first = stream.readline(max_line)
    before = [first]
    while first and not first.strip():
        first = stream.readline(max_line)
        before.append(first)
    before[0] = before[0].removeprefix(_BOM)
    by_line = _is_object(before[-1])
    while not by_line and not first.lstrip().startswith(b"[") and len(before) < LOOK_AHEAD and before[-1]:
        before.append(stream.readline(max_line))
        by_line = b'"specversion"' in before[-1] and _is_object(before[-1])
    if by_line:
        yield from _lines(before, stream, max_line)
    else:
        yield from _document(_whole(b"".join(before), stream, max_document))


def _stream(source: str | bytes | BinaryIO) -> BinaryIO:
    if isinstance(source, str):
        # A str with half a surrogate pair must reach the same refusal as its bytes do.
        return io.BytesIO(source.encode("utf-8", "surrogatepass"))
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _text(line: bytes) -> str:
    """Decode UTF-8; what is none becomes lone surrogates, which `strict_json` refuses where they stand."""
    return line.decode("utf-8", "surrogateescape")


def _is_object(line: bytes) -> bool:
    if line.lstrip()[:1] != b"{" or not line.rstrip().endswith(b"}"):
        return False
    text = _text(line)
    try:
        _, end = decode_at(text, len(text) - len(text.lstrip(_BLANK)))
    except MalformedEvent:
        return True
    except json.JSONDecodeError:
        return False
    return not text[end:].strip(_BLANK)


def _lines(before: list[bytes], stream: BinaryIO, max_line: int) -> Iterator[Read]:
    number = 0
    for line in before:
        number += 1
        if line.strip():
            yield number, _line(line)
    while line := stream.readline(max_line):
        number += 1
        if len(line) == max_line and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(max_line)
            yield number, MalformedEvent("too_large", f"the line has more than {max_line} bytes")
        elif line.strip():
            yield number, _line(line)


def _line(line: bytes) -> Event | MalformedEvent:
    text = _text(line).strip(_BLANK)
    try:
        value, end = decode_at(text, 0)
        if end < len(text):
            return MalformedEvent("not_json", f"something follows the event (column {end + 1})")
        return read_event(value)
    except json.JSONDecodeError as error:
        return syntax_fault(error)
    except MalformedEvent as malformed:
        return malformed


def _whole(before: bytes, stream: BinaryIO, limit: int) -> str | MalformedEvent:
    """Read the rest of the stream into one text."""
    content = before + stream.read(max(limit + 1 - len(before), 1))
    if len(content) > limit:
        return MalformedEvent("too_large", f"more than {limit} bytes; write one event per line")
    if content.startswith(_UTF16):
        return content.decode("utf-16", "replace")
    return _text(content)


def _document(text: str | MalformedEvent) -> Iterator[Read]:
    if isinstance(text, MalformedEvent):
        yield 1, text
        return
    at, line, in_array, syntax_faults = 0, 1, False, 0
    while True:
        start = at
        while at < len(text) and (text[at] in _BLANK or (in_array and text[at] == ",")):
            at += 1
        line += text.count("\n", start, at)
        if at == len(text):
            break
        if text[at] == ("]" if in_array else "["):
            in_array = not in_array
            at += 1
            continue
        fault_line, found, end = _value(text, at, line)
        yield fault_line, found
        if isinstance(found, MalformedEvent) and found.reason in ("not_json", "too_deep"):
            syntax_faults += 1
            if syntax_faults == MAX_SYNTAX_FAULTS:
                yield fault_line, MalformedEvent("not_json", "this is no JSON; the rest was not read")
                return
        line += text.count("\n", at, end)
        at = end
        if end == len(text) and isinstance(found, MalformedEvent):
            return  # what is missing at the end has been said
    if in_array:
        yield line, MalformedEvent("not_json", "the input ends inside the array: was it cut off?")


def _value(text: str, at: int, line: int) -> tuple[int, Event | MalformedEvent, int]:
    """Read the value at `at`, which stands in `line`; return its line, what it is, and where to go on."""
    try:
        value, end = decode_at(text, at)
    except json.JSONDecodeError as error:
        return error.lineno, syntax_fault(error), _after_fault(text, at)
    except MalformedEvent as malformed:
        return line, malformed, _after_fault(text, at)
    try:
        return line, read_event(value), end
    except MalformedEvent as malformed:
        return line, malformed, end


def _after_fault(text: str, start: int) -> int:
    """Find where to go on after a syntax error in the value at `start`; the end of the text when nowhere.

    That is behind its closing bracket when its brackets match, else at the next line that begins an object at
    the same or a lesser indentation. For what is no object, it is the next brace.
    """
    if text[start] not in "{[":
        brace = text.find("{", start)
        return brace if brace != -1 else len(text)
    open_brackets: list[str] = []
    for token in _TOKEN.finditer(text, start, start + MAX_BROKEN_VALUE):
        char = token[0][0]
        if char in "{[":
            open_brackets.append("}" if char == "{" else "]")
        elif char != '"' and (not open_brackets or open_brackets.pop() != char):
            break
        elif char == '"' and not token[0].endswith('"', 1):
            break  # a string that does not end on its line: brackets cannot be told from text any more
        if not open_brackets:
            return token.end()
    indent = start - (text.rfind("\n", 0, start) + 1)
    for begin in _LINE_OF_OBJECT.finditer(text, start):
        if len(begin[1]) <= indent:
            return begin.end(1)
    return len(text)
