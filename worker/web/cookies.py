"""The cookie of a visit: a random token with a signature, so that a forged one never reaches the database.

Every visitor has one, also before logging in: the token against forged requests is made from it. Behind TLS its name
begins with `__Host-`, which binds it to this host (RFC 6265bis 4.1.3).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

NAME = "runmail"
SECURE_NAME = "__Host-runmail"
#: What the keys are derived for.
PURPOSE = "web cookies"


class Cookies:
    """Reads and writes the cookie; `keys` newest first, all of them verify."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = list(keys)

    def read(self, request: Request) -> str | None:
        """Return the token of a request's cookie; None without one that was signed here."""
        value = request.cookies.get(name_for(request), "")
        token, dot, signature = value.rpartition(".")
        if not dot or not token.isascii():
            return None
        given = signature.encode("utf-8", "replace")
        right = [hmac.compare_digest(self._sign(key, b"cookie", token).encode(), given) for key in self._keys]
        return token if any(right) else None

    def write(self, response: Response, request: Request, token: str) -> None:
        """Give a visitor a cookie that ends with the browser's session."""
        response.set_cookie(
            name_for(request),
            self.value(token),
            httponly=True,
            secure=is_secure(request),
            samesite="lax",
            path="/",
        )

    def value(self, token: str) -> str:
        """Return the cookie's value for a token."""
        return f"{token}.{self._sign(self._keys[0], b'cookie', token)}"

    def csrf(self, token: str) -> str:
        """Return what a form must carry beside the cookie."""
        return self._sign(self._keys[0], b"csrf", token)

    def is_csrf(self, token: str, given: str) -> bool:
        """Say whether a form came from a page that was made for this visitor."""
        wanted = [self._sign(key, b"csrf", token) for key in self._keys]
        return any(hmac.compare_digest(each.encode(), given.encode("utf-8", "replace")) for each in wanted)

    @staticmethod
    def _sign(key: bytes, purpose: bytes, token: str) -> str:
        return hmac.new(key, purpose + b"\0" + token.encode("ascii"), hashlib.sha256).hexdigest()


def is_secure(request: Request) -> bool:
    """Say whether the visitor came over TLS."""
    return request.url.scheme == "https"


def name_for(request: Request) -> str:
    """Return the cookie's name for the way a request came."""
    return SECURE_NAME if is_secure(request) else NAME
