"""dmarc_of: whether our own mail server says that the From of a mail is genuine (RFC 8601, RFC 7489).

Only the topmost Authentication-Results of the configured authserv-id counts. The header is read strictly: comments
are dropped with their nesting, quoted strings are values, and what does not fit the grammar is no result at all, for
part of what stands there (comments, envelope addresses) was written by the sender of the mail.

It relies on the server at the border removing headers that bear its own authserv-id (RFC 8601 5), as it must.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from consumers.inbound.reading.header_block import HeaderBlock

#: Characters of one header that are read.
MAX_HEADER = 8_000

_ID = re.compile(r'(?:"([^"\\]+)"|([^\s;="]+))(?:\s+[0-9]+)?\s*\Z')
_METHOD = re.compile(r"([a-z][a-z0-9_-]*)(?:\s*/\s*[0-9]+)?\s*=\s*([a-z]+)(?=\s|\Z)", re.IGNORECASE)
_PROPERTY = re.compile(
    r'\s+([a-z][a-z0-9_.-]*)\s*=\s*("(?:[^"\\]|\\.)*"(?:@[^\s;"]+)?|[^\s;"]+)(?=\s|\Z)', re.IGNORECASE
)


class Dmarc(StrEnum):
    """What is known of a mail's DMARC check; only `pass` lets anything happen.

    - `not_configured`: the profile names no authserv-id.
    - `no_result`: no header of that authserv-id, or none that speaks of DMARC.
    - `malformed`: the topmost header cannot be read strictly.
    - `ambiguous`: more than one DMARC result in the header.
    - `not_passed`: the server says something other than pass.
    - `other_domain`: it passed for another domain than From's.
    """

    PASS = "pass"  # noqa: S105 - a verdict, no password
    NOT_CONFIGURED = "not_configured"
    NO_RESULT = "no_result"
    MALFORMED = "malformed"
    AMBIGUOUS = "ambiguous"
    NOT_PASSED = "not_passed"
    OTHER_DOMAIN = "other_domain"


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One `method=result` with its properties, all in lower case."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AuthenticationResults:
    """One header, read."""

    authserv_id: str
    results: tuple[MethodResult, ...]


def dmarc_of(headers: HeaderBlock, authserv_id: str | None, from_domain: str) -> Dmarc:
    """Judge the Authentication-Results of a mail for the domain of its From."""
    if not authserv_id:
        return Dmarc.NOT_CONFIGURED
    for value in headers.all("authentication-results"):
        found = read_authentication_results(value)
        if found is None:
            # Whose header it is cannot be known, so what stands below it may be the sender's.
            return Dmarc.MALFORMED
        if found.authserv_id == authserv_id.strip().lower():
            return _judge([each for each in found.results if each.method == "dmarc"], from_domain)
    return Dmarc.NO_RESULT


def read_authentication_results(value: str) -> AuthenticationResults | None:
    """Read one header; None when it does not fit RFC 8601 2.2 in every part."""
    if len(value) > MAX_HEADER:
        return None
    pieces = _pieces(value)
    if pieces is None:
        return None
    head = _ID.match(pieces[0].strip())
    if head is None:
        return None
    results: list[MethodResult] = []
    for piece in pieces[1:]:
        text = piece.strip()
        if not text or text.lower() == "none":
            continue
        result = _read_result(text)
        if result is None:
            return None
        results.append(result)
    return AuthenticationResults((head[1] or head[2]).lower(), tuple(results))


def _judge(results: list[MethodResult], from_domain: str) -> Dmarc:
    if not results:
        return Dmarc.NO_RESULT
    if len(results) > 1:
        return Dmarc.AMBIGUOUS
    domains = {value for name, value in results[0].properties if name == "header.from"}
    if results[0].result != "pass":
        return Dmarc.NOT_PASSED
    return Dmarc.PASS if domains <= {from_domain.lower()} else Dmarc.OTHER_DOMAIN


def _read_result(text: str) -> MethodResult | None:
    method = _METHOD.match(text)
    if method is None:
        return None
    properties: list[tuple[str, str]] = []
    position = method.end()
    while position < len(text):
        found = _PROPERTY.match(text, position)
        if found is None:
            return None
        properties.append((found[1].lower(), found[2].strip('"').lower()))
        position = found.end()
    return MethodResult(method[1].lower(), method[2].lower(), tuple(properties))


def _pieces(value: str) -> list[str] | None:
    """Split at semicolons outside quoted strings, comments turned into a blank; None when something stays open."""
    pieces: list[str] = []
    current: list[str] = []
    depth = 0
    quoted = escaped = False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = char != '"'
        elif char == "(":
            depth += 1
            current.append(" ")
            continue
        elif char == ")":
            depth -= 1
            if depth < 0:
                return None
            continue
        elif depth:
            continue
        elif char == '"':
            quoted = True
        elif char == ";":
            pieces.append("".join(current))
            current = []
            continue
        if not depth:
            current.append(char)
    if depth or quoted or escaped:
        return None
    return [*pieces, "".join(current)]
