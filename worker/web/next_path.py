"""Where someone goes after logging in: a path of ours, never another site. Pure."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

MOST = 2_000


def safe_path(given: str | None) -> str:
    """Return a path and query of ours as they were given, or `/` for anything else.

    Browsers take `//host`, `/\\host` and what has tabs or line ends in it for other sites.
    """
    if not given or len(given) > MOST or not given.isascii() or not given.isprintable() or "\\" in given:
        return "/"
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or not given.startswith("/") or given.startswith("//"):
        return "/"
    return "/" if parts.path in ("/login", "/logout") or parts.path.startswith("/enter/") else given


def login_address(path: str, query: str) -> str:
    """Return the address of the login page that leads back to a path."""
    wanted = safe_path(f"{path}?{query}" if query else path)
    return "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='/')}"
