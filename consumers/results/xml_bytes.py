"""The bytes of an XML report as sound UTF-8, mended where real reporters break the rules of XML 1.0.

Test runners copy what tests print: terminal colours, NUL, bytes of other encodings. XML 1.0 (2.2) forbids such
characters, even as references. Each becomes DEL, which XML allows and nobody prints, and `clean` turns DEL into
what people should read. It knows nothing of elements.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

#: Bytes read at once: large enough for the C code to do the work, small against everything else.
CHUNK = 256 * 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));")
#: Characters that XML 1.0 forbids and UTF-8 writes as one byte, turned into DEL.
_FORBIDDEN = bytes(0x7F if byte < 32 and byte not in (9, 10, 13) else byte for byte in range(256))
#: Terminal sequences: after DEL (was ESC), or after the text that pytest writes in its place.
_TERMINAL = re.compile(r"(?:\x7f|#x1B)\[[0-9;?]*[ -/]*[@-~]")


def clean(text: str) -> str:
    """Take terminal sequences out of a text of the report; other forbidden characters become U+FFFD."""
    if "\x7f" in text or "#x1B" in text:
        return _TERMINAL.sub("", text).replace("\x7f", "\ufffd")
    return text


def sound_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the report as UTF-8 that an XML parser accepts, whatever encoding it declares."""
    chunk = stream.read(CHUNK)
    decoder = codecs.getincrementaldecoder(_encoding(chunk))("replace")
    chunk = chunk.lstrip(b" \t\r\n")  # nothing may stand before an XML declaration, yet blank lines do
    held = b""
    while chunk:
        sound = held + _mend(decoder.decode(chunk))
        # A reference that the end of the chunk cuts in two is looked at with the next one.
        cut = sound.rfind(b"&", -16)
        held = sound[cut:] if cut != -1 and b";" not in sound[cut:] else b""
        yield _without_forbidden_references(sound[: len(sound) - len(held)])
        chunk = stream.read(CHUNK)
    yield held + _mend(decoder.decode(b"", True))


def _encoding(head: bytes) -> str:
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    declared = _DECLARED.match(head)
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    # A declaration that can be read as ASCII stands in no UTF-16; .NET writes it nevertheless.
    if name.startswith(("utf-16", "utf-32", "ucs-", "iso-10646")):
        return "utf-8"
    try:
        b"<".decode(name, "replace")
    except LookupError:
        return "utf-8"
    return name


def _mend(text: str) -> bytes:
    sound = text.encode("utf-8", "replace").translate(_FORBIDDEN)
    if b"\xef\xbf" in sound:
        sound = sound.replace(b"\xef\xbf\xbe", b"\x7f").replace(b"\xef\xbf\xbf", b"\x7f")
    return sound


def _without_forbidden_references(sound: bytes) -> bytes:
    return _REFERENCE.sub(_reference, sound) if b"&#" in sound else sound


def _reference(match: re.Match[bytes]) -> bytes:
    digits = match[1] or match[2]
    code = int(digits, 16 if match[1] else 10) if len(digits) <= 10 else -1
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return match[0] if allowed else b"\x7f"
