"""html_lines: the lines of an HTML mail, with each quoted part as one line `>`, in one pass.

Mail clients mark what they quote: by classes, ids or a blockquote. That is knowledge about HTML and is used here;
attribution lines, header blocks and signatures are found in the lines that come out, as in every other mail.
No parser library: only tag names, and three attributes, matter, and a pass over `<` is linear whatever comes.
"""

from __future__ import annotations

import re
from html import unescape

#: Marks of elements whose content is quoted, in class or id.
#: gmail_quote (Gmail), yahoo_quoted (Yahoo), moz-cite-prefix (Thunderbird), protonmail_quote, zmail_extra (Zoho),
#: tutanota_quote, ms-outlook-mobile-reference-message, mail-editor-reference-message-container (new Outlook),
#: qmbox (QQ). Apple Mail, Fastmail and others use a blockquote, which needs no mark.
_QUOTED = re.compile(
    r"gmail_(?:quote|attr)|yahoo_quoted|moz-(?:cite-prefix|forward-container)|protonmail_quote|zmail_extra"
    r"|tutanota_quote|reference-message|\bqmbox\b",
    re.IGNORECASE,
)
#: Marks from which on everything is quoted: Outlook puts the old mail beside its header, not into it.
_CUT = re.compile(
    r"divRplyFwdMsg|OutlookMessageHeader|\bappendonsend\b"
    # Outlook for Windows and its relatives: a rule above "From:"
    r"|border:\s*none;\s*border-top:\s*solid\s+#?[0-9a-z]+\s+1\.0pt",
    re.IGNORECASE,
)
#: Marks of elements that are signatures.
_SIGNATURE = re.compile(
    r"gmail_signature|moz-signature|ms-outlook-mobile-signature|protonmail_signature_block|AppleMailSignature"
    r"|\bid=[\"']?(?:x_)?Signature\b",
    re.IGNORECASE,
)
#: How Gmail indents: a blockquote that quotes nobody.
_INDENT = re.compile(r"margin:\s*0(?:px)?\s+0(?:px)?\s+0(?:px)?\s+40px;\s*border:\s*none", re.IGNORECASE)
_MARKED = re.compile(r"\b(?:class|id|style|type|data-smartmail|name)\s*=", re.IGNORECASE)
_TAG = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9:]{0,20})")

_UNSHOWN = frozenset({"script", "style", "head", "title", "template", "noscript", "svg"})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "ol", "p", "pre",
    "section", "table", "tbody", "tr", "ul",
})  # fmt: skip
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "area", "base", "wbr", "o:p"})
#: What a quoted part is to those who read the lines.
QUOTE_LINE = ">"


def html_lines(html: str) -> list[str]:
    """Return what an HTML mail shows as lines; quoted parts are one line `>` each, signatures are gone."""
    pass_ = _Pass()
    chunks = html.split("<")
    pass_.text(chunks[0])
    for chunk in chunks[1:]:
        if pass_.in_comment:
            _, end, text = chunk.partition("-->")
            if end:
                pass_.in_comment = False
                pass_.text(text)
            continue
        if chunk.startswith("!--"):
            _, end, text = chunk[3:].partition("-->")
            pass_.in_comment = not end
            pass_.text(text)
            continue
        tag, _, text = chunk.partition(">")
        name = _TAG.match(tag)
        if name is None:  # `<!doctype …>`, or a bracket that is none: `1 < 2`
            pass_.text(text if chunk[:1] in "!?" else "<" + chunk)
            continue
        if not pass_.tag(name[2].lower(), closing=bool(name[1]), attributes=tag[name.end() :]):
            break
        pass_.text(text)
    return pass_.lines()


class _Pass:
    """One pass: what is being passed over, and the pieces of text found."""

    def __init__(self) -> None:
        self.in_comment = False
        self._pieces: list[str] = []
        self._skipped = ""  # the element that is passed over, and how often it is open within itself
        self._depth = 0

    def text(self, text: str) -> None:
        """Take text between two tags; line ends in it are blanks."""
        if text and not self._depth:
            self._pieces.append(text.replace("\n", " ") if "\n" in text else text)

    def tag(self, name: str, *, closing: bool, attributes: str) -> bool:
        """Take a tag; False when nothing after it is new text."""
        if self._depth:
            if name == self._skipped and not attributes.endswith("/"):
                self._depth += -1 if closing else 1
            return True
        if not closing and attributes and _MARKED.search(attributes):
            if _CUT.search(attributes):
                self._pieces.append(f"\n{QUOTE_LINE}\n")
                return False
            if _QUOTED.search(attributes) and name not in _VOID and name not in ("body", "html"):
                return self._skip(name, f"\n{QUOTE_LINE}\n")
            if _SIGNATURE.search(attributes) and name not in _VOID:
                return self._skip(name, "\n")
        if not closing:
            if name == "blockquote" and not _INDENT.search(attributes):
                return self._skip(name, f"\n{QUOTE_LINE}\n")
            if name in _UNSHOWN:
                return self._skip(name, "")
        if name == "br" or name in _BLOCKS:
            self._pieces.append("\n")
        elif name in ("td", "th"):
            self._pieces.append(" ")
        return True

    def _skip(self, name: str, mark: str) -> bool:
        self._pieces.append(mark)
        self._skipped, self._depth = name, 1
        return True

    def lines(self) -> list[str]:
        """Return the lines that were found, blanks collapsed as HTML does."""
        return [" ".join(line.split()) for line in unescape("".join(self._pieces)).split("\n")]
