"""Words of a command line among words of a sentence: what stands between backticks becomes `<code>`. Pure."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from profiles.plain_text import plain

_CODE = re.compile(r"`([^`]+)`")


def with_code(text: str) -> Markup:
    """Return a text as markup, escaped and cleaned, with `<code>` for what stands between backticks."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(plain(text)))))  # noqa: S704 - escaped before
