"""unquote: the lines of a mail that its sender wrote, in their blocks, without what was quoted.

Three forms are known: lines marked with `>`, wherever they stand; an old mail below a header block or a separator,
which nobody marks; and the attribution line above either. What the words are stands in `attributions`.
"""

from __future__ import annotations

import re
from itertools import chain

from consumers.inbound.reading.attributions import FORWARDS, LABELS, SEPARATORS, WROTE
from consumers.inbound.reading.phrases import any_of

#: Lines over which one attribution may be broken.
MAX_ATTRIBUTION_LINES = 4
#: Characters of a whole attribution: a name, an address, a date.
MAX_ATTRIBUTION = 400
#: Characters of a line that a client broke at 72 to 78; a shorter line is one of the sender's own.
MIN_BROKEN = 30
#: Lines below `From:` among which the other header lines must stand.
HEADER_BLOCK_LINES = 8

_WROTE = re.compile(any_of(chain.from_iterable(WROTE.values())))
_KINDS = {label.casefold(): kind for kind, labels in LABELS.items() for label in labels}
#: A header line as Outlook, Notes and phones write it, bold (`*From:*`) included.
_LABEL = re.compile(r"[\s*_\u200e\u200f]*([^\W\d_][^:：*_]{0,20}?)\s?[*_]*\s?[:：]")
_DASHED = re.compile(rf"[\s*]*-{{2,}}[\s>]*(?:{any_of(SEPARATORS)})\b.{{0,80}}|[\s*]*-{{3,}}.{{3,120}}:? ?-{{3,}}\s*\Z")
_DASHED_WORDS = re.compile(any_of((*SEPARATORS, *chain.from_iterable(WROTE.values()))))
#: An address, or a year with a time of day: what an attribution must tell when nothing else marks the old mail.
_WHO_OR_EXACTLY_WHEN = re.compile(
    r"[^\s@]@[^\s@]|(?:19|20)\d\d\b.*\d{1,2}[:.h]\d{2}|\d{1,2}[:.h]\d{2}.*(?:19|20)\d\d\b"
)
#: A date or a time of day, as attributions tell them.
_WHEN = re.compile(r"\d{1,2}[:.h]\d{2}|\d年|(?:19|20)\d\d|\d{1,2}[/.-]\d{1,2}|[۰-۹]{2}")
_TIME_AND_ADDRESS = re.compile(r"\d{1,2}[:.]\d{2}.{0,200}[<(\[]?[^\s@<>]{1,64}@[^\s@<>]{1,255}[>)\]]?\W{0,4}\Z")
_ENDS = (":", "：", ":*", "：*")
_MARKS = str.maketrans("", "", "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")


def unquote(lines: list[str]) -> list[list[str]]:
    """Return the blocks of lines that the sender wrote, in order; quoted parts lay between them.

    1. Everything from a header block or separator on goes.
    2. Marked lines go, and the attribution above them.
    3. Everything from an attribution on goes when what follows is not marked.
    """
    blocks: list[list[str]] = []
    block: list[str] = []
    was_quoted = False
    for number, line in enumerate(lines):
        start = line.lstrip()[:1]
        if start == ">":
            if not was_quoted and block:
                blocks.append(_without_attribution(block))
                block = []
            was_quoted = True
            continue
        if not start:
            block.append("")
            continue
        if _begins_old_mail(lines, number, line):
            break
        was_quoted = False
        block.append(line)
        if _unmarked(line).endswith(_ENDS) and _is_unmarked_attribution(lines, number, block):
            block = _without_attribution(block)
            break
    blocks.append(block)
    return blocks


def _begins_old_mail(lines: list[str], number: int, line: str) -> bool:
    """Say whether an old mail without marks begins at this line."""
    head = line[:140]
    if "--" in head:
        folded = head.casefold()
        if _DASHED.match(folded) and _DASHED_WORDS.search(folded):
            return True
    if ":" in head or "：" in head:
        folded = _unmarked(head).strip().casefold()
        if folded in FORWARDS:
            return True
        if _kind(head) in ("from", "sent"):
            below = lines[number : number + HEADER_BLOCK_LINES]
            kinds = {_kind(each) for each in below} - {""}
            return len(kinds & {"from", "sent", "to", "subject"}) >= 3
    if head.startswith(("____", "*____")) and not head.strip("_*\n\r "):
        return any(_kind(each) == "from" for each in lines[number + 1 : number + 3])
    return False


def _kind(line: str) -> str:
    """Return what a header line tells, such as `from`; empty for other lines."""
    found = _LABEL.match(line[:40])
    return _KINDS.get(_unmarked(found[1]).casefold(), "") if found else ""


def _is_unmarked_attribution(lines: list[str], number: int, block: list[str]) -> bool:
    """Say whether the block ends in an attribution whose quoted text is not marked."""
    for following in lines[number + 1 : number + 6]:
        if following.strip():
            if following.lstrip().startswith(">"):
                return False  # it goes with the marked lines
            break
    joined, _ = _attribution_at_end(block)
    return bool(joined) and bool(_WHO_OR_EXACTLY_WHEN.search(joined))


def _without_attribution(block: list[str]) -> list[str]:
    _, count = _attribution_at_end(block)
    return block[: len(block) - count] if count else block


def _attribution_at_end(block: list[str]) -> tuple[str, int]:
    """Return the attribution that a block ends in and how many lines it takes, blank ones included; "" and 0 if none.

    Lines are joined upwards until they tell who and when: clients break long attributions.
    """
    end = len(block)
    while end and not block[end - 1].strip():
        end -= 1
    if not end or not _unmarked(block[end - 1]).endswith(_ENDS):
        return "", 0
    joined = found = ""
    for first in range(end - 1, max(end - 1 - MAX_ATTRIBUTION_LINES, -1), -1):
        text = _unmarked(block[first]).strip()
        if not text or (joined and len(text) < MIN_BROKEN):
            break
        joined = f"{text} {joined}".rstrip()
        if len(joined) > MAX_ATTRIBUTION:
            break
        folded = joined.casefold()
        if _WROTE.search(folded) or _TIME_AND_ADDRESS.search(joined):
            found = joined
            if _WHEN.search(joined):
                return joined, len(block) - first
    # The verb without a date, `Ann wrote:`, is one line, or it is a sentence of the sender.
    last = _unmarked(block[end - 1]).strip()
    if found and len(last) <= 120 and (_WROTE.search(last.casefold()) or "@" in last):
        return last, len(block) - end + 1
    return "", 0


def _unmarked(line: str) -> str:
    """Return a line without marks of writing direction, and without blanks at its end."""
    return (line if line.isascii() else line.translate(_MARKS)).rstrip()
