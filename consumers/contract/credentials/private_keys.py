"""Private keys in PEM (RFC 7468) and OpenPGP armour (RFC 4880, 6.2), whole or cut off at either end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .replacing import CUT, MASK, Counted

#: Characters of a key's body: an RSA key of 16,384 bits has about 12,700. What is longer between the two lines of a
#: key is taken for two keys that were cut off.
LONGEST = 20_000

_LINE = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
#: What stands between the lines of a body in a trace: line ends, also written as `\n`, quotes, pytest's `E   `.
_BETWEEN = r"(?:\s|\\[nr]|[>|\"',+]|E(?=\s))*+"
_HEADER = r"(?:Proc-Type|DEK-Info|Version|Comment): [^\n\\]{0,200}"
#: The rest of a body, read forwards from its first line; its last line may be cut to any length.
_AFTER = re.compile(
    rf"(?:{_BETWEEN}(?:{_HEADER}|[A-Za-z0-9+/=]{{16,}}))*+(?:{_BETWEEN}[A-Za-z0-9+/=]++(?={CUT}|[\s\"']*\Z))?+"
)
#: The begin of a body, read backwards from its last line, which is often short; one long line at least.
_BETWEEN_BACKWARDS = r"(?:\s|[nr]\\|[>|\"',+]|E(?=\n|n\\))*+"
_BEFORE = re.compile(
    rf"(?:{_BETWEEN_BACKWARDS}[A-Za-z0-9+/=]{{1,15}}(?![A-Za-z0-9+/=]))?+"
    rf"(?:{_BETWEEN_BACKWARDS}[A-Za-z0-9+/=]{{16,}})++"
    rf"(?:{_BETWEEN_BACKWARDS}[A-Za-z0-9+/=]++(?=\s*(?:…|\Z)))?+"
)


def mask_private_keys(text: str) -> Counted:
    """Mask the bodies of private keys; their first and last lines stay and tell what was there."""
    if "PRIVATE KEY" not in text:
        return text, 0
    parts: list[str] = []
    number = at = 0
    for start, end in _bodies(text):
        if text[start:end].strip() not in ("", MASK):
            parts += [text[at:start], MASK]
            number, at = number + 1, end
    return "".join([*parts, text[at:]]), number


def _bodies(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the body of each key begins and ends."""
    begin: re.Match[str] | None = None
    after = 0
    for line in _LINE.finditer(text):
        if line[1] == "BEGIN":
            if begin is not None:
                yield begin.end(), _end(text, begin.end(), line.start())
            begin = line
        elif begin is not None and line.start() - begin.end() <= LONGEST:
            yield begin.end(), line.start()
            begin = None
        else:
            if begin is not None:
                after = _end(text, begin.end(), line.start())
                yield begin.end(), after
                begin = None
            first = max(after, line.start() - LONGEST)
            found = _BEFORE.match(text[first : line.start()][::-1])
            yield line.start() - (found.end() if found else 0), line.start()
        after = max(after, line.end())
    if begin is not None:
        yield begin.end(), _end(text, begin.end(), len(text))


def _end(text: str, start: int, limit: int) -> int:
    found = _AFTER.match(text, start, limit)
    return found.end() if found else start
