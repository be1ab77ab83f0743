"""What the web application is built from: accounts, sessions and doors here, and the pages of the other packages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request

import consumers.views.web
import profiles.page
from consumers.views.web import routes as view_routes
from profiles.authors import Author
from profiles.page import routes as profile_routes
from profiles.page.shell.pages import Pages
from worker.ground import Ground, now_milliseconds
from worker.web import accounts_page, doors, health
from worker.web.accounts import Accounts
from worker.web.application import Fence, make_application
from worker.web.attempts import Attempts
from worker.web.cookies import PURPOSE, Cookies
from worker.web.links import Links
from worker.web.profile_pages import build_profile_parts
from worker.web.sessions import Sessions
from worker.web.view_parts import view_parts
from worker.web.visits import VisitParts, client_of

_HERE = Path(__file__).parent
_PROFILES = Path(profiles.page.__file__).parent
_VIEWS = Path(consumers.views.web.__file__).parent


def build_application(ground: Ground, now: Callable[[], int] = now_milliseconds) -> Starlette:
    """Build the whole application on a database that is up to date; `now` gives milliseconds UTC."""
    pages = make_pages()
    accounts = Accounts(ground.engine, now)
    sessions = Sessions(ground.engine, now)
    door_parts = doors.DoorParts(
        pages, accounts, Attempts(ground.engine, now), sessions, Links(ground.engine, accounts, now)
    )
    settings = ground.settings
    return make_application(
        pages,
        VisitParts(accounts, sessions, Cookies(ground.keyring.derive(PURPOSE))),
        Fence(settings.web_host_names, settings.web_proxy_networks, settings.web_user_header),
        [
            health.route(ground.engine),
            *doors.routes(door_parts),
            accounts_page.route(pages, accounts),
            *profile_routes.routes(build_profile_parts(ground, pages, now, author_of)),
            *view_routes.routes(view_parts(ground, pages, now, author_of)),
        ],
    )


def make_pages() -> Pages:
    """Build what makes pages, with the templates and files of every package."""
    return Pages(
        {"profiles": _PROFILES / "templates", "views": _VIEWS / "templates", "web": _HERE / "templates"},
        [_PROFILES / "static", _VIEWS / "static"],
    )


def author_of(request: Request) -> Author:
    """Return the one behind a request, as audit trails name them; the host is the client's address."""
    return Author(request.state.visitor.name, "page", client_of(request))
