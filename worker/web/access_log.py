"""One line of the log for each request: method, route, status, milliseconds, visitor.

The route is the pattern it matched, such as `/enter/{token}`: no token, query or address that someone made up is
ever written.
"""

from __future__ import annotations

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profiles.page.shell.visitors import Visitor

log = structlog.get_logger(__name__)


class AccessLog:
    """Writes the lines; those of files that pages load, and of health checks, only for who debugs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and tell of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", None)
            visitor = scope.get("state", {}).get("visitor")
            tell = log.debug if route in ("/static", "/healthz") else log.info
            tell(
                "web_request",
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round((time.monotonic() - began) * 1000),
                visitor=visitor.name if isinstance(visitor, Visitor) else None,
            )
