"""new_text: what the sender of a mail wrote, out of all its text parts."""

from __future__ import annotations

from consumers.inbound.reading.html_text import html_lines
from consumers.inbound.reading.mime_walk import Part
from consumers.inbound.reading.part_text import cut_lines, part_lines, part_string
from consumers.inbound.reading.quotes import unquote
from consumers.inbound.reading.signatures import trimmed, without_banner, without_signature
from consumers.mails.cleaning import clean_block

#: Text parts of one mail that are examined.
MAX_TEXT_PARTS = 3


def body_lines(source: bytes, parts: tuple[Part, ...]) -> list[str]:
    """Return the lines of a mail's body as its sender saw them, of its first three text parts.

    Of alternatives the plain text is taken unless it is blank; parts beside each other follow one another.
    """
    texts = [part for part in parts if part.kind in ("text/plain", "text/html") and not part.is_attachment]
    lines: list[str] = []
    said: set[int] = set()
    for part in texts[:MAX_TEXT_PARTS]:
        if part.alternative and part.alternative in said:
            continue
        found = lines_of(source, part)
        if any(line.strip() for line in found):
            said.add(part.alternative)
            lines += found
    return lines


def lines_of(source: bytes, part: Part) -> list[str]:
    """Return the lines of one text part, of HTML as `html_lines` shows them."""
    if part.kind == "text/html":
        return cut_lines(html_lines(part_string(source, part)))
    return part_lines(source, part)


def new_text(lines: list[str]) -> str:
    """Return what is new in the lines of a mail, without quotes, warnings, signatures and legal notices."""
    first, *others = unquote(lines)
    blocks = [kept for block in (without_banner(first), *others) if (kept := without_signature(block))]
    joined: list[str] = []
    for block in blocks:
        joined += ["", *block]
    return clean_block("\n".join(_without_doubled_blanks(trimmed(joined)))).strip()


def _without_doubled_blanks(lines: list[str]) -> list[str]:
    return [line for number, line in enumerate(lines) if line or lines[number - 1] or not number]
