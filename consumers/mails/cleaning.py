"""Making text of strangers fit to be shown: no control characters, no reordering of what is read. Pure."""

from __future__ import annotations

import re
import unicodedata

#: Terminal escapes as test runners write them (ECMA-48 control sequences).
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]")
#: Marks that reorder text, and the ones that separate lines without being a line end everyone knows.
_REORDERING = re.compile(r"[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CAPTURED = re.compile(r"^-+ ?Captured (stdout|stderr|log)\b.*$", re.MULTILINE)
_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


def clean_block(text: str) -> str:
    """Return text of several lines with `\\n` line ends and without control characters; tabs become blanks."""
    text = _BREAKS.sub("\n", _TERMINAL.sub("", text))
    text = _REORDERING.sub("", text).expandtabs(4)
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def clean_line(text: str) -> str:
    """Return text as one line: line ends and runs of blanks become one blank."""
    return " ".join(unicodedata.normalize("NFC", clean_block(text)).split())


def cut(text: str, limit: int) -> str:
    """Cut a line to `limit` characters with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def without_captured(text: str) -> str:
    """Return a trace without the output that a test runner captured and put behind it (pytest's sections)."""
    found = _CAPTURED.search(text)
    return text[: found.start()] if found and text[: found.start()].strip() else text


def shorten_lines(text: str, most: int, width: int = 200) -> tuple[list[str], int]:
    """Keep at most `most` lines, the first and, more of them, the last; return them and how many are left out.

    The left-out place is marked by one line of its own, which counts as one of the kept.
    """
    lines = [cut(line.rstrip(), width) for line in clean_block(text).strip("\n").split("\n")]
    if len(lines) <= most:
        return lines, 0
    head = most // 4
    tail = most - head - 1
    left_out = len(lines) - head - tail
    return [*lines[:head], f"… {left_out} lines left out …", *lines[len(lines) - tail :]], left_out
