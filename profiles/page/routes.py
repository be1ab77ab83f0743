"""The routes of Email Settings."""

from __future__ import annotations

from starlette.routing import BaseRoute

from profiles.page.parts import ProfileParts


def routes(parts: ProfileParts) -> list[BaseRoute]:
    """Return the routes, in the order in which they are tried."""
    del parts
    return []
