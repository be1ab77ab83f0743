"""any_of: a table of phrases as one regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterable


def any_of(phrases: Iterable[str]) -> str:
    """Return a pattern for any of the phrases in casefolded text; the longer of two that begin alike comes first."""
    folded = {phrase.casefold() for phrase in phrases}
    return "|".join(re.escape(each) for each in sorted(folded, key=len, reverse=True))
