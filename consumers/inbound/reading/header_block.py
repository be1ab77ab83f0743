"""HeaderBlock: the headers of a mail or part, found with one pass and decoded when asked for (RFC 5322 2.2)."""

from __future__ import annotations

import re
from binascii import a2b_base64, a2b_qp

from consumers.inbound.reading.charsets import decode

#: Octets of one header block that are looked at; real ones have 2 to 20 kB.
MAX_BLOCK = 256 * 1024
#: Header fields of one block that are looked at.
MAX_FIELDS = 1_000
#: Octets of one value that are looked at: References of a very long thread.
MAX_VALUE = 32 * 1024

#: An address as headers of mail systems name one, whatever stands around it. Nothing is decided by it alone.
ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\x00-\x20\x7f-\x9f]{1,64}@[^\s<>,;:\"()\[\]\x00-\x20\x7f-\x9f]{1,255}")

_FIELD = re.compile(rb"^([!-9;-~]{1,100})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_PARAMETER = re.compile(r';\s*([a-zA-Z*0-9-]{1,40})\s*=\s*("[^"]{0,1000}"?|[^;\s]{0,1000})')


class HeaderBlock:
    """The fields of one header block; names in lower case, values as octets until they are asked for.

    `end` is the offset in the source at which the body begins.
    """

    __slots__ = ("_fields", "end")

    def __init__(self, fields: dict[str, list[bytes]], end: int) -> None:
        self._fields = fields
        self.end = end

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def all(self, name: str) -> list[str]:
        """Return every value of a field from top to bottom, unfolded, encoded words as they stand."""
        return [_unfold(value) for value in self._fields.get(name, ())]

    def holding(self, name: str, octets: bytes) -> list[str]:
        """Return those values of a field in which some ASCII stands, unfolded; the others are not decoded at all."""
        return [_unfold(value) for value in self._fields.get(name, ()) if octets in value]

    def first(self, name: str) -> str:
        """Return the topmost value of a field, unfolded; empty when there is none."""
        values = self._fields.get(name)
        return _unfold(values[0]) if values else ""

    def shown(self, name: str) -> str:
        """Return the topmost value of a field as people see it: encoded words decoded (RFC 2047)."""
        return decode_words(self.first(name))


def read_headers(source: bytes, start: int = 0, end: int | None = None) -> HeaderBlock:
    """Find the header fields that begin at `start`; what is no field is passed over."""
    block = source[start : min(len(source) if end is None else end, start + MAX_BLOCK)]
    if block[:1] == b"\n" or block[:2] == b"\r\n":
        return HeaderBlock({}, start + block.index(b"\n") + 1)
    stop = block.find(b"\n\r\n")
    plain_stop = block.find(b"\n\n", 0, stop if stop >= 0 else len(block))
    if plain_stop >= 0:
        length, body = plain_stop + 1, plain_stop + 2
    elif stop >= 0:
        length, body = stop + 1, stop + 3
    else:
        length = body = len(block)
    fields: dict[str, list[bytes]] = {}
    for count, found in enumerate(_FIELD.finditer(block, 0, length)):
        if count == MAX_FIELDS:
            break
        name = found[1].decode("ascii").lower()
        if name in fields:
            fields[name].append(found[2])
        else:
            fields[name] = [found[2]]
    return HeaderBlock(fields, start + body)


def decode_words(text: str) -> str:
    """Decode the encoded words of a value; words of one charset are joined first, for some clients split characters."""
    if "=?" not in text:
        return text
    shown: list[str] = []
    pending, charset, last = b"", "", 0
    for word in _ENCODED_WORD.finditer(text):
        between = text[last : word.start()]
        if between.strip() or not pending or word[1].lower() != charset:
            if pending:
                shown.append(decode(pending, charset))
                pending = b""
                between = between if between.strip() else ""
            shown.append(between)
        charset, last = word[1].lower(), word.end()
        pending += _word_octets(word[2], word[3])
    if pending:
        shown.append(decode(pending, charset))
    return "".join(shown) + text[last:]


def media_type(headers: HeaderBlock, default: str = "text/plain") -> tuple[str, dict[str, str]]:
    """Return type and parameters of Content-Type in lower-case names; a senseless type becomes the default."""
    value = headers.first("content-type")
    kind, _, rest = value.partition(";")
    kind = kind.strip().lower()
    if kind == "text":
        kind = "text/plain"
    if "/" not in kind:
        return default, {}
    return kind, {each[1].lower(): each[2].strip('"') for each in _PARAMETER.finditer(";" + rest)}


def _unfold(value: bytes) -> str:
    value = value[:MAX_VALUE]
    text = value.decode("ascii") if value.isascii() else decode(value, "utf-8")
    return " ".join(text.split()) if "\n" in text else text.strip()


def _word_octets(encoding: str, text: str) -> bytes:
    octets = text.encode("ascii", "replace")
    if encoding in "qQ":
        return a2b_qp(octets, header=True)
    return octets_of_base64(octets)


def octets_of_base64(encoded: bytes) -> bytes:
    """Decode base64 as far as it goes: strange octets and missing padding do no harm (RFC 2045 6.8)."""
    clean = encoded.translate(None, _NOT_BASE64)
    if len(clean) % 4 == 1:  # six bits are no octet
        clean = clean[:-1]
    return a2b_base64(clean + b"=" * (-len(clean) % 4))


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
