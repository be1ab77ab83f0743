"""The routes of deliveries, events, replies and the overview."""

from __future__ import annotations

from starlette.routing import BaseRoute

from consumers.views.web.parts import ViewParts


def routes(parts: ViewParts) -> list[BaseRoute]:
    """Return the routes, in the order in which they are tried."""
    del parts
    return []
