"""The Host of every request must be one of ours: a page elsewhere must not reach us under a name of its own
(DNS rebinding).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

#: A name or address, and a port: anything else is no Host of ours.
_FORM = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?\Z")


class Hosts:
    """Refuses requests for other hosts than loopback and those that are allowed by name."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it.

        Raises:
            HTTPException: 421 when the host is not ours.
        """
        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope).getlist("host")):
            raise HTTPException(
                421, "If the name is right, an operator adds it to RUNMAIL_WEB_HOSTS and restarts the page."
            )
        await self._app(scope, receive, send)

    def _is_ours(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        name = name_of(hosts[0])
        return name is not None and (is_loopback(name) or name in self._allowed)


def name_of(host: str) -> str | None:
    """Return the name or address in a Host field, in lower case and without its port; None when it has no form."""
    found = _FORM.match(host.strip().lower())
    return None if found is None else found[1].strip("[]").removesuffix(".")


def is_loopback(name: str) -> bool:
    """Say whether a name or address is this machine's own: `localhost`, 127.0.0.0/8, ::1."""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
