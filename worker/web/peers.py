"""Who stands in front: what proxies say of a request is believed of configured addresses alone.

The client is the last address of X-Forwarded-For that is no proxy of ours; scheme and host come from
X-Forwarded-Proto and X-Forwarded-Host. Behind an authenticating proxy the visitor's name comes in a header, which
from anybody else is not even looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
#: Where the name from an authenticating proxy stands in the state of a request.
PROXIED = "proxied_user"
MOST_NAME = 200


class Peers:
    """Puts the client, scheme, host and name that trusted proxies state into the request."""

    def __init__(self, app: ASGIApp, proxies: Sequence[Network], user_header: str | None) -> None:
        self._app = app
        self._proxies = tuple(proxies)
        self._user_header = user_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Change the scope and pass the request on."""
        if scope["type"] == "http":
            scope.setdefault("state", {})[PROXIED] = None
            peer = scope["client"][0] if scope.get("client") else ""
            if self._is_proxy(peer):
                self._believe(scope, Headers(scope=scope))
        await self._app(scope, receive, send)

    def _believe(self, scope: Scope, headers: Headers) -> None:
        # Several fields of one name are one list, in their order (RFC 9110 5.3).
        chain = [part.strip() for field in headers.getlist("x-forwarded-for") for part in field.split(",")]
        for address in reversed(chain):
            if not _is_address(address):
                break
            scope["client"] = (address, 0)
            if not self._is_proxy(address):
                break
        proto = headers.getlist("x-forwarded-proto")
        if len(proto) == 1 and proto[0].strip() in ("http", "https"):
            scope["scheme"] = proto[0].strip()
        hosts = headers.getlist("x-forwarded-host")
        if len(hosts) == 1:
            kept = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [*kept, (b"host", hosts[0].strip().encode("latin-1"))]
        if self._user_header:
            names = headers.getlist(self._user_header)
            if len(names) == 1 and 0 < len(names[0].strip()) <= MOST_NAME:
                scope["state"][PROXIED] = names[0].strip()

    def _is_proxy(self, address: str) -> bool:
        if not self._proxies or not _is_address(address):
            return False
        found = ip_address(address)
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self._proxies)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
