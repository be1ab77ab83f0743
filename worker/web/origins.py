"""Whether a request that changes something was made by a page of ours. Pure; beside the token, not instead of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

#: What a browser says of a request from our own page, or of one that no page made.
OWN_SITES = ("same-origin", "none")


def comes_from_us(headers: Mapping[str, str]) -> bool:
    """Say whether Sec-Fetch-Site and Origin, where a browser sends them, name us.

    The scheme is not compared: behind a proxy that is not configured we do not know ours.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site not in OWN_SITES:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and _without_usual_port(parts.netloc) == _without_usual_port(
            headers.get("host", "")
        )
    except ValueError:
        return False


def _without_usual_port(host: str) -> str:
    return host.strip().lower().removesuffix(":80").removesuffix(":443")
