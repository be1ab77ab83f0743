"""Encoding for mail: header texts as RFC 2047 words, bodies as quoted-printable or base64. Pure.

Made by hand on the C codecs because the standard library's EmailMessage costs more than the rest of a mail; it is
the oracle in the tests.
"""

from __future__ import annotations

import base64
import binascii

#: Octets of one encoded word before base64: `=?utf-8?b?` + 60 + `?=` is below the 75 of RFC 2047 2.
WORD_OCTETS = 45
_ASCII = bytes(range(128))
#: Characters of a header line that should not be exceeded (RFC 5322 2.1.1).
LINE = 78


def encode_text(name: str, text: str) -> bytes:
    """Return the header `name: text` with its CRLF; anything but plain printable ASCII becomes encoded words.

    Text that looks like an encoded word is encoded too: taken literally by one program and decoded by the next it
    has been a way to forge headers.
    """
    line = f"{name}: {text}"
    plain = all(" " <= char <= "~" for char in text) and "=?" not in text and text == text.strip()
    if plain and len(line) <= LINE:
        return line.encode("ascii") + b"\r\n"
    return f"{name}: ".encode("ascii") + encoded_words(text) + b"\r\n"


def encoded_words(text: str) -> bytes:
    """Return text as UTF-8 encoded words, folded to one a line; a word never splits a character."""
    words: list[bytes] = []
    chunk = b""
    for char in text:
        octets = char.encode("utf-8", "replace")
        if len(chunk) + len(octets) > WORD_OCTETS:
            words.append(chunk)
            chunk = b""
        chunk += octets
    words.append(chunk)
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(word) + b"?=" for word in words)


def encode_body(text: str, subtype: str) -> bytes:
    """Return a MIME part of text with its headers: 7-bit octets, CRLF line ends, short lines."""
    octets = text.replace("\n", "\r\n").encode("utf-8", "replace")
    # Quoted-printable writes three octets for each that is not ASCII: base64 is smaller from a sixth on.
    if len(octets.translate(None, _ASCII)) * 6 > len(octets):
        encoding = b"base64"
        lines = base64.b64encode(octets)
        body = b"\r\n".join(lines[at : at + 76] for at in range(0, len(lines), 76))
    else:
        encoding = b"quoted-printable"
        body = binascii.b2a_qp(octets, istext=True).rstrip(b"\r\n")
    head = b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n"
    return head % (subtype.encode("ascii"), encoding) + body + b"\r\n"
