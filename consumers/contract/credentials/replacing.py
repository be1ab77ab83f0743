"""What the forms of credentials share: the mask, the mark of a cut, and replacing with a count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

#: What stands in the place of a credential.
MASK = "•••"
#: Where a text was shortened (`texts.shorten` and readers of reports); a credential cut there may be of any length.
CUT = r"\s?… \(\+\d"

Counted = tuple[str, int]


def replace(matches: Iterable[re.Match[str]], mask: Callable[[re.Match[str]], str | None], text: str) -> Counted:
    """Replace matches in `text` by what `mask` makes of them, and count; None leaves a match as it is."""
    parts: list[str] = []
    number = at = 0
    for match in matches:
        new = mask(match)
        if new is not None and new != match[0]:
            parts += [text[at : match.start()], new]
            number, at = number + 1, match.end()
    return "".join([*parts, text[at:]]) if number else text, number
