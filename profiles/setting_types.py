"""The kinds of values that a profile's settings have, as pydantic checks them. The texts are for people."""

from __future__ import annotations

import re
import zoneinfo
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from profiles.addresses import UnusableAddress, read_address, read_domain, read_mailbox

#: What each reason of an unusable address means.
ADDRESS_WORDS = {
    "empty_address": "is empty",
    "control_character": "has a control character",
    "no_domain": "is no address: an address is name@domain",
    "bad_local_part": "has characters before the @ that mail cannot safely be sent to",
    "bad_domain": "has no proper domain after the @",
    "address_too_long": "is too long",
}

#: Characters of a sender's name: what its column holds.
MOST_NAME = 200

_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_TEMPLATE_SET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")


def _address(text: str) -> str:
    """Return an address as it goes on the wire."""
    try:
        return read_address(text).wire
    except UnusableAddress as error:
        raise ValueError(ADDRESS_WORDS[error.reason]) from None


def _mailbox(text: str) -> str:
    """Check `Name <address>` or a bare address; the same text is returned."""
    try:
        name, _ = read_mailbox(text)
        if len(name) > MOST_NAME:
            raise ValueError(f"has a name of more than {MOST_NAME} characters")
    except UnusableAddress as error:
        raise ValueError(ADDRESS_WORDS[error.reason]) from None
    return text


def _allowed(text: str) -> str:
    """Check an entry of allowed_recipients: an address, a domain, or `*.` and a domain."""
    try:
        if "@" in text:
            return read_address(text).wire
        star = "*." if text.startswith("*.") else ""
        return star + read_domain(text.removeprefix("*."))
    except UnusableAddress:
        raise ValueError(f"“{text}” is neither an address, nor a domain, nor *.domain") from None


def _host(text: str) -> str:
    """Return a host name in ASCII, or an IP address; underscores are taken, since private names have them."""
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:
        name = text.lower().removesuffix(".") if text.isascii() else read_domain(text)
    except UnusableAddress:
        name = ""
    if len(name) > 253 or not all(_HOST_LABEL.match(label) for label in name.split(".")):
        raise ValueError("is no host name or IP address")
    return name


def _template_set(text: str) -> str:
    """Check the name of a set of templates; it may become the name of a folder, so it cannot be a path."""
    if not _TEMPLATE_SET.match(text):
        raise ValueError("must be a name of at most 64 letters, digits, - and _")
    return text


def _plain(text: str) -> str:
    """Refuse control characters and marks that turn text around."""
    if not text.isprintable():
        raise ValueError("has a control character or an invisible mark")
    return text


def _zone(text: str) -> str:
    """Check the name of a time zone."""
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone “{text}”; names are like Europe/Berlin") from None
    return text


def _rooted(text: str) -> str:
    """Refuse a relative path: workers run elsewhere than the command that reads it."""
    if not text.startswith("/"):
        raise ValueError("must be a full path, because workers read it from another folder")
    return text


ProfileName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_plain)
]
Note = Annotated[str, StringConstraints(max_length=2000)]
TemplateSet = Annotated[str, AfterValidator(_template_set)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_plain)]
Username = Annotated[str, StringConstraints(min_length=1, max_length=320), AfterValidator(_plain)]
Folder = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_plain)]
#: An atom of IMAP (RFC 9051 9) that every server takes as a keyword.
Keyword = Annotated[str, StringConstraints(pattern=r"^[A-Za-z$][A-Za-z0-9$_.-]{0,63}$")]
AddressText = Annotated[str, AfterValidator(_address)]
MailboxText = Annotated[str, StringConstraints(max_length=500), AfterValidator(_plain), AfterValidator(_mailbox)]
AllowedText = Annotated[str, AfterValidator(_allowed)]
HostText = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_host)]
ZoneText = Annotated[str, AfterValidator(_zone)]
CaFile = Annotated[
    str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_plain), AfterValidator(_rooted)
]
Port = Annotated[int, Field(ge=1, le=65535)]
AtLeastOne = Annotated[int, Field(ge=1, le=1_000_000_000)]
