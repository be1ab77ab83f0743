"""The size of a request is bounded: said too large it is refused at once, grown too large it is broken off."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Bytes of a body.
MOST_BYTES = 1_000_000
#: Bytes of a query.
MOST_QUERY = 8_000


class Sizes:
    """Bounds bodies and queries."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a bound on its body.

        Raises:
            HTTPException: 413 or 414 when it is too large, 400 when its length is no number.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope.get("query_string", b"")) > MOST_QUERY:
            raise HTTPException(414)
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal():
            raise HTTPException(400)
        if int(said) > self._most:
            raise HTTPException(413)
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            if message["type"] == "http.request":
                came += len(message.get("body", b""))
                if came > self._most:
                    raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
