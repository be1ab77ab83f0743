"""Values that are given to a name that says they are secret: `API_TOKEN=…`, `password: …`, `"secret": "…"`.

The same names stand in source code, which traces are full of: `token = parser.next()`, `password: str`. So a value
without quotes is masked where it stands as in an environment or a configuration file, or where it looks like a literal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .replacing import MASK, Counted, replace

_KINDS_OF_KEY = ("api", "access", "account", "secret", "private", "signing", "encryption")
#: What a secret's name ends in. Each begins with one of the needles, which are found faster than an expression.
_NEEDLES = ("token", "secret", "passw", "passphrase", "pwd", "key", "credential")
_WORDS = "token|secret|passw(?:or)?d|passphrase|(?<=[_-])pwd|credentials?|(?:{})key".format(
    "|".join(f"(?<={kind})|(?<={kind}[_-])" for kind in _KINDS_OF_KEY)
)
_NAME = rf"(?P<name>{_WORDS})(?:[_-]?\d{{1,2}})?"
#: Between name and value, quotes and brackets of the name included: `"]: `, ` => `, and an annotation: `: str = `.
_JOINT = (
    r"\\{0,4}[\"']?\]?"
    r"(?P<joint>\s{0,4}:\s{0,2}[A-Za-z][\w.]{0,30}(?:\s?\|\s?None)?\s{0,4}=(?![=>])\s{0,4}"
    r"|\s{0,4}(?:=>|:=|[:=])(?![=>])\s{0,4})"
)
#: Characters of the longest value in quotes that is looked at.
_LONGEST = 4_096
#: Characters of a value that looks like a literal without quotes.
_LEAST = 6
#: Characters before a name that are looked at.
_BEFORE = 80

#: What refers to a secret and is none: `$TOKEN`, `${{ secrets.TOKEN }}`, `%TOKEN%`, `{token}`, `<token>`, `***`.
_REFERENCE = re.compile(r"\$.*|%\w+%|\{.*\}|<.*>|[*x.…•]+", re.DOTALL)
#: Words that are said about a secret, or that are its type.
_SAID = frozenset(
    {
        *("any", "bool", "bytes", "int", "none", "null", "nil", "object", "optional", "secretstr", "self", "str"),
        *("string", "basic", "bearer", "empty", "error", "expired", "false", "hidden", "invalid", "masked", "missing"),
        *("redacted", "required", "true", "undefined", "unset"),
    }
)
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+", re.ASCII)
_OPTION_BEFORE = re.compile(r"(?<![\w-])--[\w-]{0,60}\Z", re.ASCII)
_LINE_BEFORE = re.compile(r"[\s-]*[\w-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Form:
    """A way to give a value to a name: the expression, which ends with the value, and what makes it secret."""

    pattern: re.Pattern[str]
    is_secret: Callable[[re.Match[str]], bool]


def mask_assignments(text: str) -> Counted:
    """Mask the values of names that end in a word such as `token`, `password` or `api_key`."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters change their length
        lowered = "".join(char.lower() if char.isascii() else char for char in text)
    places = sorted(place for needle in _NEEDLES for place in _places(needle, lowered))
    secret = (found for found, form in _matches(text, places) if form.is_secret(found))
    return replace(secret, lambda found: found[0][: found.start("value") - found.start()] + MASK, text)


def _places(needle: str, text: str) -> Iterator[int]:
    at = text.find(needle)
    while at != -1:
        yield at
        at = text.find(needle, at + len(needle))


def _matches(text: str, places: list[int]) -> Iterator[tuple[re.Match[str], _Form]]:
    """Yield what is found at the places; what lies inside of something found is not looked at again."""
    end = 0
    for place in places:
        for form in _FORMS if place >= end else ():
            found = form.pattern.match(text, place)
            if found is not None:
                end = found.end()
                yield found, form
                break


def _in_quotes(found: re.Match[str]) -> bool:
    """Tell a secret from an answer about one: `{"password": "This field is required."}`."""
    value, name = found["value"], found["name"]
    is_prose = " " in value and not any(char.isdigit() for char in value)
    return not _is_said(value) and (not is_prose or name.isupper() or name.lower() == "passphrase")


def _in_environment(found: re.Match[str]) -> bool:
    return not _is_said(found["value"])


def _bare(found: re.Match[str]) -> bool:
    """Tell a literal from source code, by what it looks like or by what stands around it."""
    value, joint, following = found["value"], found["joint"], found.string[found.end() : found.end() + 1]
    if _is_said(value) or following in ("(", "[") or _PATH.fullmatch(value) or value.lower() == found["name"].lower():
        return False
    if _looks_like_a_literal(value):
        return True
    if joint == "=":
        return following in ("", "&", ";", '"', "'", "`") or following.isspace()
    # A line of YAML has nothing but the name and the value; a line of a class has a type there.
    is_type = value[0].isupper() and value.isalpha()
    is_line = following in ("", "\n", "\r") and _LINE_BEFORE.fullmatch(_before(found).rpartition("\n")[2])
    return joint.strip() == ":" and bool(is_line) and not is_type


def _after_option(found: re.Match[str]) -> bool:
    return _looks_like_a_literal(found["value"]) and _OPTION_BEFORE.search(_before(found)) is not None


def _before(found: re.Match[str]) -> str:
    """Return a little of what stands before a match."""
    return found.string[max(found.start() - _BEFORE, 0) : found.start()]


def _looks_like_a_literal(value: str) -> bool:
    return len(value) >= _LEAST and any(char.isdigit() for char in value) and not _is_said(value)


def _is_said(value: str) -> bool:
    return value.lower() in _SAID or _REFERENCE.fullmatch(value) is not None


_ANY_CASE = re.IGNORECASE | re.ASCII
#: The first that fits a place is taken.
_FORMS = (
    # In quotes that are written with backslashes, as in JSON inside of JSON.
    _Form(
        re.compile(
            rf"{_NAME}{_JOINT}(?P<quote>\\{{1,4}}[\"'])(?P<value>(?:(?!(?P=quote))[^\n]){{1,{_LONGEST}}})", _ANY_CASE
        ),
        _in_quotes,
    ),
    _Form(
        re.compile(
            rf"{_NAME}{_JOINT}[brf]{{0,2}}(?P<quote>[\"'])(?P<value>(?:\\.|(?!(?P=quote))[^\n\\]){{1,{_LONGEST}}})",
            _ANY_CASE,
        ),
        _in_quotes,
    ),
    # In a shell or a file of variables: `API_TOKEN=value`, `API_TOKEN: value`.
    _Form(
        re.compile(
            rf"(?:{_WORDS.upper()})(?:_?\d{{1,2}})?(?:=|:\s{{0,4}})(?P<value>[^\s\"'`,;&=>][^\s\"'`,;&]*)", re.ASCII
        ),
        _in_environment,
    ),
    _Form(re.compile(rf"{_NAME}{_JOINT}(?P<value>[^\s\"'`,;&<>(){{}}\[\]|\\]+)", _ANY_CASE), _bare),
    # On a command line: `--password hunter2`.
    _Form(re.compile(rf"{_NAME}\s{{1,3}}[\"']?(?P<value>[^\s\"'`-][^\s\"'`]*)", _ANY_CASE), _after_option),
)
