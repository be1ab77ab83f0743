"""decode: octets to text whatever the mail says they are. Wrong and unknown charsets never fail and never cost much.

Only the codecs named here are used. A label is the sender's word, and Python would also take `punycode` or `idna`,
whose decoders need quadratic time.
"""

from __future__ import annotations

#: Labels whose octets are read as something wider that includes them, as every mail client does.
_WIDER = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "x-ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "x-gbk": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "cp949": "cp949",
    "iso-2022-kr": "iso2022_kr",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "cp932": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "ibm850": "cp850",
    "cp850": "cp850",
    "ibm437": "cp437",
    "cp866": "cp866",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-7": "utf-7",
    "unicode-1-1-utf-7": "utf-7",
    **{f"windows-{number}": f"cp{number}" for number in (1250, 1251, *range(1253, 1259))},
    **{f"cp{number}": f"cp{number}" for number in (1250, 1251, *range(1253, 1259))},
    **{f"iso-8859-{number}": f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
}
#: Codecs in which octets below 128 are more than ASCII.
_STATEFUL = frozenset({"hz", "iso2022_kr", "iso2022_jp_ext", "utf-16", "utf-16-le", "utf-16-be", "utf-7"})
#: Codecs that take nearly any octets for text: where UTF-8 fits as well, UTF-8 is meant.
_SINGLE_OCTET = frozenset({"cp1252", "cp1250", "cp1251", "cp1254", "cp1257", "iso8859-2", "iso8859-15", "mac_roman"})


def decode(octets: bytes, label: str) -> str:
    """Return the text of octets that a mail labels with a charset.

    1. A known label is taken at its word, unless it is a single-octet charset and the octets are valid UTF-8.
    2. Without a usable label: UTF-8 where it fits, ISO-2022-JP by its escapes, else Windows-1252.
    """
    codec = _WIDER.get(label.strip().strip("\"'").lower(), "")
    if codec not in _STATEFUL and octets.isascii() and b"\x1b$" not in octets:
        return octets.decode("ascii")
    if not codec or codec in _SINGLE_OCTET:
        text = _utf_8(octets)
        if text is not None:
            return text
        if not codec:
            codec = "iso2022_jp_ext" if b"\x1b$" in octets else "cp1252"
    try:
        text = octets.decode(codec, "replace")
    except UnicodeError:  # hz and utf-16 raise whatever they are told
        return octets.decode("latin-1")
    # UTF-7 lets half of a surrogate pair through, which no database and no terminal takes.
    return text.encode("utf-8", "replace").decode("utf-8") if codec == "utf-7" else text


def _utf_8(octets: bytes) -> str | None:
    """Decode UTF-8 that may be cut within its last character; None when it is none."""
    if b"\x1b$" in octets:
        return None
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        # Only where UTF-8 stands before it is a broken end a cut; else it is a letter of another charset.
        begun = octets[: error.start]
        return begun.decode("utf-8") if error.reason == "unexpected end of data" and not begun.isascii() else None
