"""Mail addresses: a strict reading of the one form that runmail writes to, and a key for comparing.

Only the addr-spec of RFC 5322 with a dot-atom local part and a host name as domain is taken; UTF-8 domains are
turned into their ASCII form (RFC 5891). Quoted local parts, comments, address literals, routes, control
characters and UTF-8 local parts are refused: each has been a way to smuggle SMTP parameters or a second
recipient onto the wire, and no test-run platform needs them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna

#: RFC 5321 4.5.3.1: octets of a local part, of a path without its angle brackets.
MAX_LOCAL_PART = 64
MAX_ADDRESS = 254

_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


class UnusableAddress(ValueError):
    """Raised with a named `reason` when a text is no address that mail can safely be sent to."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Address:
    """One usable address. `wire` is what stands in RCPT TO; `key` is equal for addresses that are the same."""

    wire: str
    key: str

    @property
    def domain(self) -> str:
        """The domain in lower-case ASCII form."""
        return self.key.rpartition("@")[2]


def read_address(text: str) -> Address:
    """Read a bare address strictly.

    Raises:
        UnusableAddress: with reason `empty_address`, `control_character`, `no_domain`, `bad_local_part`,
            `bad_domain` or `address_too_long`.
    """
    text = text.strip(" ")
    if not text:
        raise UnusableAddress("empty_address")
    if _CONTROL.search(text):
        raise UnusableAddress("control_character")
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise UnusableAddress("no_domain")
    if len(local) > MAX_LOCAL_PART:
        raise UnusableAddress("address_too_long")
    if not _DOT_ATOM.match(local):
        raise UnusableAddress("bad_local_part")
    ascii_domain = read_domain(domain)
    if len(local) + 1 + len(ascii_domain) > MAX_ADDRESS:
        raise UnusableAddress("address_too_long")
    return Address(wire=f"{local}@{ascii_domain}", key=f"{local.casefold()}@{ascii_domain}")


def read_domain(text: str) -> str:
    """Return a host name as lower-case ASCII, with UTF-8 labels in their A-label form.

    Raises:
        UnusableAddress: with reason `bad_domain`.
    """
    if text.isascii():
        domain = text.lower()
    else:
        try:
            domain = idna.encode(text, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            raise UnusableAddress("bad_domain") from None
    labels = domain.split(".")
    if len(domain) > 253 or not all(_LABEL.match(label) for label in labels):
        raise UnusableAddress("bad_domain")
    if labels[-1].isdigit():  # an IPv4 address is no domain
        raise UnusableAddress("bad_domain")
    return domain


def is_allowed(address: Address, allowed: tuple[str, ...]) -> bool:
    """Say whether a profile that writes only to `allowed` may write to `address`; empty allows everyone.

    An entry with `@` is one address, `example.com` that domain alone, `*.example.com` its sub-domains alone.
    """
    if not allowed:
        return True
    for entry in allowed:
        if "@" in entry:
            if read_address(entry).key == address.key:
                return True
        elif entry.startswith("*."):
            if address.domain.endswith("." + read_domain(entry[2:])):
                return True
        elif read_domain(entry) == address.domain:
            return True
    return False


def read_mailbox(text: str) -> tuple[str, Address]:
    """Read `Name <address>` or a bare address, and return the name (empty without one) and the address.

    Only this form is taken: the last angle brackets hold the address. A name in quotation marks loses them.

    Raises:
        UnusableAddress: as `read_address` does.
    """
    text = text.strip()
    if not text.endswith(">"):
        return "", read_address(text)
    name, bracket, address = text[:-1].rpartition("<")
    if not bracket or "<" in name or ">" in name:
        raise UnusableAddress("no_domain")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return name, read_address(address)
