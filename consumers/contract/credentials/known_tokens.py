"""Tokens that show by themselves what they are: their makers gave them a prefix so that they can be found."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .replacing import CUT, MASK, Counted, replace


@dataclass(frozen=True, slots=True)
class TokenForm:
    """A kind of token: whose it is, the expression of its prefix, and that of the rest, which is masked.

    A prefix begins with a letter that is no expression: Python finds it then without trying every place.
    """

    whose: str
    prefix: str
    rest: str

    @property
    def expression(self) -> str:
        """The expression of the whole; it begins a word, for the same letters stand inside of ordinary ones."""
        first, others = self.prefix[0], self.prefix[1:]
        return rf"{first}(?<![A-Za-z0-9]{first}){others}(?:{self.rest}|{_WORD}+(?={CUT}))"


_WORD = r"[A-Za-z0-9_-]"

#: The kinds of token that are masked wherever they stand in prose; docs/publishing.md lists them.
TOKEN_FORMS = (
    TokenForm("GitHub", r"gh[pousr]_", r"\w{20,}"),
    TokenForm("GitHub", r"github_pat_", r"\w{20,}"),
    TokenForm("GitLab", r"gl(?:pat|dt|rt|cbt|ptt|ft|oas|soat|agent|imt)-", rf"{_WORD}{{16,}}"),
    TokenForm("AWS", r"A(?:KIA|SIA)", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    TokenForm("Slack", r"x(?:ox[abeoprs]|app)-", rf"{_WORD}{{10,}}"),
    TokenForm("Slack", r"hooks\.slack\.com/services/", r"[\w/-]{10,}"),
    TokenForm("Google", r"AIza", rf"{_WORD}{{30,}}"),
    TokenForm("Google", r"ya29\.", rf"{_WORD}{{20,}}"),
    TokenForm("Stripe", r"sk_(?:live|test)_", r"[A-Za-z0-9]{10,}"),
    TokenForm("Stripe", r"rk_(?:live|test)_", r"[A-Za-z0-9]{10,}"),
    TokenForm("OpenAI, Anthropic", r"sk-", rf"(?=[A-Za-z_-]{{0,40}}\d){_WORD}{{20,}}"),
    TokenForm("npm", r"npm_", r"[A-Za-z0-9]{30,}"),
    TokenForm("PyPI", r"pypi-", rf"{_WORD}{{40,}}"),
    TokenForm("Docker", r"dckr_(?:pat|oat)_", rf"{_WORD}{{16,}}"),
    TokenForm("DigitalOcean", r"do[opr]_v1_", r"[a-f0-9]{32,}"),
    TokenForm("HashiCorp Vault", r"hv[sb]\.", rf"{_WORD}{{20,}}"),
    TokenForm("Hugging Face", r"hf_", r"[A-Za-z0-9]{30,}"),
    TokenForm("SendGrid", r"SG\.", rf"{_WORD}{{16,}}\.{_WORD}{{16,}}"),
    TokenForm("JSON Web Token", r"eyJ", rf"{_WORD}{{8,}}\.{_WORD}{{8,}}(?:\.{_WORD}*)?"),
)

_TOKEN = re.compile("|".join(form.expression for form in TOKEN_FORMS))
_PREFIX = re.compile("|".join(form.prefix for form in TOKEN_FORMS))


def mask_known_tokens(text: str) -> Counted:
    """Mask every known token but its prefix, which tells people which one to replace."""

    def mask(found: re.Match[str]) -> str:
        prefix = _PREFIX.match(found[0])
        assert prefix is not None
        return f"{prefix[0]}{MASK}"

    return replace(_TOKEN.finditer(text), mask, text)
