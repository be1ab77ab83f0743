"""part_text: what a text part says, from its first 64 kB: transfer encoding, then charset, then flowed lines."""

from __future__ import annotations

from binascii import Error, a2b_qp

from consumers.inbound.reading.charsets import decode
from consumers.inbound.reading.flowed import unflow
from consumers.inbound.reading.header_block import octets_of_base64
from consumers.inbound.reading.mime_walk import Part

#: Octets of one text part that are examined, after its transfer encoding.
MAX_OCTETS = 64 * 1024
#: Characters of one line that are examined; the rest of the line is dropped, never taken for a line of its own.
MAX_LINE = 2_000


def part_octets(source: bytes, part: Part) -> bytes:
    """Return the first 64 kB of a part's body without its transfer encoding; damage is passed over."""
    encoding = part.headers.first("content-transfer-encoding").strip().lower()
    if encoding == "base64":
        # 4 characters carry 3 octets, and line ends come on top.
        return octets_of_base64(source[part.start : min(part.end, part.start + MAX_OCTETS * 3 // 2)])[:MAX_OCTETS]
    if encoding == "quoted-printable":
        encoded = source[part.start : min(part.end, part.start + MAX_OCTETS * 3)]
        try:
            return a2b_qp(encoded)[:MAX_OCTETS]
        except Error:
            return encoded[:MAX_OCTETS]
    return source[part.start : min(part.end, part.start + MAX_OCTETS)]


def part_string(source: bytes, part: Part) -> str:
    """Return the first 64 kB of a part as text with `\\n` line ends and without NUL."""
    text = decode(part_octets(source, part), part.parameters.get("charset", ""))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "") if "\0" in text else text


def part_lines(source: bytes, part: Part) -> list[str]:
    """Return the lines of a text/plain part as they are meant: flowed ones joined (RFC 3676), long ones cut."""
    lines = part_string(source, part).split("\n")
    if part.parameters.get("format", "").lower() == "flowed":
        lines = unflow(lines, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return cut_lines(lines)


def cut_lines(lines: list[str]) -> list[str]:
    """Cut lines to the characters that are examined."""
    if max(map(len, lines), default=0) <= MAX_LINE:
        return lines
    return [line[:MAX_LINE] for line in lines]
