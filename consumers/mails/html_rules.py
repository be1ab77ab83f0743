"""What the HTML of a mail should not contain, found in the finished page. Pure.

Mail programs remove what is executed and ask before they load what lies elsewhere, so neither belongs in a mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

#: Stands in the texts of a sample; as an element's id or attribute it shows that a text was not escaped.
PROBE = "runmail-probe"
#: A text that breaks out of an attribute and opens an element, wherever it is written without being escaped.
UNESCAPED = f"\"'><i id={PROBE}>"

#: Elements that are executed or open a page in the page.
_ACTIVE = frozenset({"script", "iframe", "object", "embed", "applet", "base", "form"})
#: Attributes that load what they name, on these elements or (None) on any.
_LOADING = {"src": None, "srcset": None, "background": None, "poster": None, "href": frozenset({"link"})}
_ELSEWHERE = re.compile(r"\s*(?:https?:)?//[^\s\"')]+", re.IGNORECASE)
_IN_STYLE = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])((?:https?:)?//[^\s\"')]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule that a page breaks; `refused` ones are faults, others warnings. `needle` is the text that does it."""

    said: str
    refused: bool
    needle: str


def breaches(html: str) -> list[Breach]:
    """Return what a page breaks, each kind of breach and each address once, in the order they come."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return list(dict.fromkeys(reader.found))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Breach] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Look at an element and its attributes."""
        self._in_style = tag == "style"
        if tag in _ACTIVE:
            self._add(f"the HTML has a <{tag}> element, which mail programs remove", True, f"<{tag}")
        for name, given in attributes:
            value = given or ""
            if PROBE in name or (name == "id" and value.startswith(PROBE)):
                self._add("a text of the event reaches the HTML unescaped", True, "safe")
            elif name.startswith("on"):
                self._add(f"the HTML has a script in the attribute {name}", True, name)
            elif value.strip().lower().startswith("javascript:"):
                self._add(f"the HTML has a script in the attribute {name}", True, "javascript:")
            elif name == "style":
                self._look_at_style(value)
            elif name in _LOADING and ((only := _LOADING[name]) is None or tag in only):
                self._look_at_address(tag, value)

    def handle_data(self, data: str) -> None:
        """Look at a style sheet."""
        if self._in_style:
            self._look_at_style(data)
            self._in_style = False

    def _look_at_style(self, text: str) -> None:
        for address in _IN_STYLE.findall(text):
            self._external("a style", address)

    def _look_at_address(self, tag: str, text: str) -> None:
        for address in _ELSEWHERE.findall(text):
            self._external(f"<{tag}>", address.strip())

    def _external(self, where: str, address: str) -> None:
        self._add(f"{where} loads {address}, which many mail programs block", False, address)

    def _add(self, said: str, refused: bool, needle: str) -> None:
        self.found.append(Breach(said, refused, needle))
