"""How one comes in and goes: logging in with a password, entering by a one-time link, logging out.

What was wrong with a login is never said. A new session has a new token, so that one that somebody planted is worth
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from profiles.page.shell.pages import Pages
from worker.web.accounts import Accounts
from worker.web.attempts import WINDOW, Attempts
from worker.web.hosts import is_loopback
from worker.web.links import Links
from worker.web.next_path import safe_path
from worker.web.sessions import Sessions, Via, new_token
from worker.web.visits import Visit, client_of

log = structlog.get_logger(__name__)

WRONG = "The name or the password is wrong."
TOO_MANY = "Too many attempts. Wait 15 minutes, then try once more."
ENDED = "It was used already, or its 10 minutes are over. Print another with `runmail web --link`."


@dataclass(frozen=True, slots=True)
class DoorParts:
    """What coming in needs."""

    pages: Pages
    accounts: Accounts
    attempts: Attempts
    sessions: Sessions
    links: Links


def routes(parts: DoorParts) -> list[Route]:
    """Return the routes of the doors."""
    doors = Doors(parts)
    return [
        Route("/login", doors.login_page, methods=["GET"]),
        Route("/login", doors.login, methods=["POST"]),
        Route("/logout", doors.logout, methods=["POST"]),
        Route("/enter/{token}", doors.enter_page, methods=["GET"]),
        Route("/enter/{token}", doors.enter, methods=["POST"]),
    ]


class Doors:
    """The endpoints; those that touch the database run in threads."""

    def __init__(self, parts: DoorParts) -> None:
        self._parts = parts

    def login_page(self, request: Request) -> Response:
        """Show the form, or how to come in where nobody can log in yet."""
        wanted = safe_path(request.query_params.get("next"))
        if request.state.visitor is not None:
            return RedirectResponse(wanted, 303)
        return self._login_form(request, wanted)

    async def login(self, request: Request) -> Response:
        """Check name and password, and begin a session."""
        form = await request.form()
        name, password = str(form.get("name", ""))[:200], str(form.get("password", ""))
        wanted = safe_path(str(form.get("next", "")))
        said, status, token = await run_in_threadpool(self._try, name, password, client_of(request))
        if token is None:
            answer = await run_in_threadpool(self._login_form, request, wanted, name=name, fault=said, status=status)
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                answer.headers["Retry-After"] = str(WINDOW // 1000)
            return answer
        await run_in_threadpool(self._end_earlier, request)
        request.state.opened = token
        return RedirectResponse(wanted, 303)

    def logout(self, request: Request) -> Response:
        """End the session; the visitor gets a new token too."""
        self._end_earlier(request)
        request.state.opened = new_token()
        return RedirectResponse("/login", 303)

    def enter_page(self, request: Request) -> Response:
        """Show what the link does. A GET uses nothing up: programs that look at links follow them too."""
        self._refuse_strangers(request)
        stands = self._parts.links.stands(request.path_params["token"])
        return self._parts.pages.show(request, "web/enter.html", 200 if stands else 404, stands=stands, ended=ENDED)

    def enter(self, request: Request) -> Response:
        """Use the link up and begin a session."""
        self._refuse_strangers(request)
        name = self._parts.links.use(request.path_params["token"])
        if name is None:
            return self._parts.pages.show(request, "web/enter.html", 404, stands=False, ended=ENDED)
        self._end_earlier(request)
        request.state.opened = self._parts.sessions.open(name, Via.LINK, client_of(request))
        return RedirectResponse("/", 303)

    def _try(self, name: str, password: str, address: str) -> tuple[str, int, str | None]:
        """Return what to say, the status, and the token of a session if it was begun."""
        if self._parts.attempts.begin(name, address) is None:
            log.warning("web_login_limited", address=address)
            return TOO_MANY, 429, None
        account = self._parts.accounts.check(name, password)
        token = self._parts.sessions.open(account, Via.PASSWORD, address) if account else None
        if account is None or token is None:
            # Not the name: people type their password there.
            log.warning("web_login_refused", address=address)
            return WRONG, 422, None
        self._parts.attempts.forgive(name, address)
        log.info("web_login", visitor=account.name, address=address)
        return "", 303, token

    def _login_form(
        self, request: Request, wanted: str, *, name: str = "", fault: str | None = None, status: int = 200
    ) -> Response:
        by_link = not self._parts.accounts.all()
        return self._parts.pages.show(
            request, "web/login.html", status, next=wanted, name=name, fault=fault, by_link=by_link
        )

    def _end_earlier(self, request: Request) -> None:
        visit: Visit = request.state.visit
        if visit.found is not None:
            self._parts.sessions.end(visit.found, client_of(request))

    @staticmethod
    def _refuse_strangers(request: Request) -> None:
        """A link is for this machine alone, whatever the page is bound to."""
        if not is_loopback(client_of(request)):
            raise HTTPException(403, "A one-time link opens on the machine that printed it.")
