"""Connections out: a name is resolved once, its addresses are checked, and one of those is connected to.

Link-local, cloud metadata, unspecified, broadcast and multicast addresses are refused, also when they hide in
an IPv6 address. Private and loopback addresses are allowed: mail relays live there. Whoever connects
elsewhere than through here gives a rebinding name a second chance. Webhooks refuse private addresses too
(`not_public`). It knows nothing of SMTP, IMAP and TLS.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from profiles.classify import classify
from profiles.errors import MailError, TransientMailError
from profiles.verbs import Verb

#: Where clouds answer a machine with its own credentials, besides the link-local 169.254.0.0/16: Alibaba,
#: Oracle, Azure, AWS and Google over IPv6.
METADATA = frozenset(
    ip_address(text) for text in ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")
)
#: Prefixes whose last 32 bits are an IPv4 address: NAT64 (RFC 6052) and its local form (RFC 8215), and the
#: IPv4-compatible form (RFC 4291 2.5.5.1).
EMBEDDING = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("::/96"))
#: This network (RFC 791): Linux connects such an address to itself.
THIS_NETWORK = ip_network("0.0.0.0/8")
BROADCAST = IPv4Address("255.255.255.255")

#: Threads that ask name servers. Apart from all others, because a name server that hangs holds its thread, and as many
#: as there may be such servers: a profile opens two connections at once.
_ASKING = ThreadPoolExecutor(max_workers=64, thread_name_prefix="resolve")

Resolver = Callable[[str, int], list[str]]


def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the system for a host's addresses, in the order in which to try them.

    Raises:
        socket.gaierror: when it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def forbidden(text: str) -> str | None:
    """Return the named reason why an IP address must not be connected to; None when it may."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    for candidate in (address, *_embedded(address)):
        if candidate in METADATA:
            return "address_is_cloud_metadata"
        if candidate.is_link_local:
            return "address_is_link_local"
        if candidate.is_multicast or candidate == BROADCAST:
            return "address_is_multicast"
        if candidate.is_unspecified or candidate in THIS_NETWORK:
            return "address_is_unspecified"
    return None


def not_public(text: str) -> str | None:
    """Do what `forbidden` does and refuse private, loopback and other addresses that are not of the internet too."""
    reason = forbidden(text)
    if reason is not None:
        return reason
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    return None if all(each.is_global for each in (address, *_embedded(address))) else "address_is_private"


def is_loopback(text: str) -> bool:
    """Say whether an IP address is this machine's own, also as an IPv4 address mapped into IPv6."""
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _embedded(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address carries: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if any(address in network for network in EMBEDDING):
        yield IPv4Address(int(address) & 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Reached:
    """An open connection and the address that was checked and connected to."""

    socket: socket.socket
    address: str


@dataclass(frozen=True, slots=True)
class Reach:
    """How names become connections; `resolver` is an argument so that a test can be the name server.

    `refuse` names why an address must not be connected to, or returns None; `ports` are those that may be connected
    to, None meaning all.
    """

    resolver: Resolver = resolve_by_system
    refuse: Callable[[str], str | None] = forbidden
    ports: frozenset[int] | None = None

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses of a host that may be connected to, in order.

        Raises:
            TransientMailError: `name_not_found` and its like, `port_not_allowed`, or why the last address is refused.
        """
        if self.ports is not None and port not in self.ports:
            raise TransientMailError("port_not_allowed", verb=Verb.RESOLVE)
        try:
            found = self.resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise classify(error, Verb.RESOLVE) from None
        refused = ""
        allowed = []
        for address in found:
            reason = self.refuse(address)
            if reason is None:
                allowed.append(address)
            else:
                refused = reason
        if not allowed:
            raise TransientMailError(refused or "name_not_found", verb=Verb.RESOLVE)
        return tuple(allowed)

    async def resolve_async(self, host: str, port: int, seconds: float) -> tuple[str, ...]:
        """Do what `resolve` does without holding up the event loop, in at most so many seconds."""
        asked = asyncio.get_running_loop().run_in_executor(_ASKING, self.resolve, host, port)
        try:
            return await asyncio.wait_for(asked, seconds)
        except TimeoutError as error:
            raise classify(error, Verb.RESOLVE) from None

    def connect(self, addresses: tuple[str, ...], port: int, seconds: float) -> Reached:
        """Connect to the first of the checked addresses that answers, in at most so many seconds altogether.

        Raises:
            TransientMailError: why the last one did not.
        """
        deadline = time.monotonic() + seconds
        failure: MailError = TransientMailError("timed_out", verb=Verb.CONNECT)
        for position, address in enumerate(addresses):
            left = (deadline - time.monotonic()) / (len(addresses) - position)
            if left <= 0:
                break
            try:
                opened = socket.create_connection((address, port), timeout=left)
            except OSError as error:
                failure = classify(error, Verb.CONNECT)
            else:
                opened.settimeout(seconds)
                return Reached(opened, address)
        raise failure

    async def connect_async(self, addresses: tuple[str, ...], port: int, seconds: float) -> Reached:
        """Do what `connect` does without holding up the event loop; the socket does not block."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        failure: MailError = TransientMailError("timed_out", verb=Verb.CONNECT)
        for position, address in enumerate(addresses):
            left = (deadline - loop.time()) / (len(addresses) - position)
            if left <= 0:
                break
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            # Said to be TCP: asyncio sends at once (TCP_NODELAY) on such sockets only, and on others the final dot of
            # a long mail waits 40 ms for a delayed acknowledgement.
            opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            opened.setblocking(False)
            try:
                await asyncio.wait_for(loop.sock_connect(opened, (address, port)), left)
            except OSError as error:
                opened.close()
                failure = classify(error, Verb.CONNECT)
            except BaseException:  # cancelled: the socket belongs to nobody else yet
                opened.close()
                raise
            else:
                return Reached(opened, address)
        raise failure


#: The reach of everything but tests.
BY_SYSTEM = Reach()
#: The reach of what goes to strangers' addresses: the internet alone.
PUBLIC_ONLY = Reach(refuse=not_public)
