"""The application: the routes of every part inside the layers that every request passes, outermost first.

Headers for every answer, the log, pages for what fails; then who stands in front, the host, the size, and the visitor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from profiles.page.shell.assets import PREFIX
from profiles.page.shell.pages import Pages
from worker.web.access_log import AccessLog
from worker.web.faults import Faults, fault_page
from worker.web.headers import Headers
from worker.web.hosts import Hosts
from worker.web.peers import Network, Peers
from worker.web.sizes import Sizes
from worker.web.visits import VisitParts, Visits


@dataclass(frozen=True, slots=True)
class Fence:
    """What an operator allows: names of hosts, networks of proxies, the header with a proxy's user."""

    hosts: frozenset[str] = frozenset()
    proxies: tuple[Network, ...] = ()
    user_header: str | None = None


def make_application(pages: Pages, visits: VisitParts, fence: Fence, routes: Sequence[BaseRoute]) -> Starlette:
    """Build the application."""
    return Starlette(
        routes=[Mount(PREFIX, pages.assets.served), *routes],
        middleware=[
            Middleware(Headers),
            Middleware(AccessLog),
            Middleware(Faults, pages),
            Middleware(Peers, fence.proxies, fence.user_header),
            Middleware(Hosts, fence.hosts),
            Middleware(Sizes),
            Middleware(Visits, visits),
        ],
        exception_handlers={HTTPException: _shown(pages)},
    )


def _shown(pages: Pages) -> Callable[[Request, Exception], Response]:
    """Return what shows the page for a refusal of a route."""

    def show(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return fault_page(pages, request, error.status_code, error.detail, error.headers)

    return show
