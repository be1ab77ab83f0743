"""Who comes, and what they may do: decided here for every request, so that no route can forget it.

Someone without a session sees the login page and what belongs to it. A request that changes something must come from
a page of ours (Origin, Sec-Fetch-Site), carry the token that was made for the visitor, and be an admin's. Bodies of
such requests are read here, within bounds, and handed on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profiles.page.shell.notices import Tray
from worker.web.accounts import Accounts
from worker.web.cookies import Cookies
from worker.web.next_path import login_address
from worker.web.origins import comes_from_us
from worker.web.peers import PROXIED
from worker.web.sessions import Found, Sessions, Via, new_token

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Fields and files a form may have.
MOST_FIELDS = 300
#: Seconds a body may take to come.
BODY_SECONDS = 30.0
#: Paths that are served to everybody, without a session or a cookie; one that ends in / is the beginning of others.
PUBLIC = ("/static/", "/healthz")
#: Paths through which one comes in; each sees to who may.
DOORS = ("/login", "/enter/")
#: Paths where a viewer may change something: their own session.
OWN = ("/logout",)
#: Requests that a page makes by itself carry this header; they do not keep a session alive.
LIVE = "X-Live"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request's visitor as the application knows them: in `request.state.visit`."""

    token: str
    found: Found | None


@dataclass(frozen=True, slots=True)
class VisitParts:
    """What deciding needs."""

    accounts: Accounts
    sessions: Sessions
    cookies: Cookies


class Visits:
    """Finds the visitor, refuses what they may not do, and keeps the notices they are left."""

    def __init__(self, app: ASGIApp, parts: VisitParts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Decide on one request.

        Raises:
            HTTPException: 401 or 403 for what is refused, 400 or 408 for a body that cannot be read.
        """
        if scope["type"] != "http" or _is_among(scope["path"], PUBLIC):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        visit, is_new = await run_in_threadpool(self._begin, request)
        tray = Tray(list(visit.found.notices) if visit.found else [])
        request.state.visit = visit
        request.state.visitor = visit.found.visitor if visit.found else None
        request.state.csrf = self._parts.cookies.csrf(visit.token)
        request.state.notices = tray

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._finish(request, message, visit, tray, is_new)
            await send(message)

        path = scope["path"]
        is_door = _is_among(path, DOORS)
        if visit.found is None and not is_door:
            await _to_login(request)(scope, receive, finish)
            return
        if scope["method"] not in SAFE_METHODS:
            body = await self._checked_body(request, visit)
            if not is_door and path not in OWN and not (visit.found and visit.found.visitor.may_change):
                raise HTTPException(403, "You are a viewer: an admin can change this.")
            receive = _replayed(body, receive)
        await self._app(scope, receive, finish)

    def _begin(self, request: Request) -> tuple[Visit, bool]:
        """Return the visit of a request, and whether its cookie is still to be given."""
        parts = self._parts
        token = parts.cookies.read(request)
        found = parts.sessions.find(token) if token else None
        proxied: str | None = getattr(request.state, PROXIED, None)
        if found is not None and found.via is Via.PROXY and proxied is None:
            found = None  # the proxy that vouched for it was gone around
        if proxied is not None:
            return self._begin_proxied(request, proxied, token, found)
        if found is not None and LIVE not in request.headers:
            parts.sessions.note_seen(found)
        return Visit(token or new_token(), found), token is None

    def _begin_proxied(self, request: Request, name: str, token: str | None, found: Found | None) -> tuple[Visit, bool]:
        """Return the visit of someone for whom an authenticating proxy vouches."""
        account = self._parts.accounts.find(name)
        if account is None:
            raise HTTPException(403, f"There is no account “{name}”: an operator makes one with `runmail admin add`.")
        if token and found is not None and found.account_id == account.id and found.via is Via.PROXY:
            self._parts.sessions.note_seen(found)
            return Visit(token, found), False
        opened = self._parts.sessions.open(account, Via.PROXY, client_of(request))
        if opened is None:
            raise HTTPException(403)
        return Visit(opened, self._parts.sessions.find(opened)), True

    async def _checked_body(self, request: Request, visit: Visit) -> bytes:
        """Return the body of a request that changes something, if it came from a page made for this visitor."""
        if not comes_from_us(request.headers):
            raise HTTPException(403, "The request came from another site.")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.body()
                form = await request.form(max_fields=MOST_FIELDS, max_files=0)
        except TimeoutError:
            raise HTTPException(408) from None
        given = request.headers.get("X-CSRF-Token") or _field(form)
        if not self._parts.cookies.is_csrf(visit.token, given):
            raise HTTPException(403, "The page was made for another session.")
        return body

    async def _finish(self, request: Request, message: Message, visit: Visit, tray: Tray, is_new: bool) -> None:
        """Keep what waits for the next page, and give the cookie; a door that opened gave another one already."""
        opened: str | None = getattr(request.state, "opened", None)
        if tray.changed and visit.found is not None and opened is None:
            await run_in_threadpool(self._parts.sessions.keep_notices, visit.found, tray.waiting)
        if opened is not None or is_new:
            carrier = Response()
            self._parts.cookies.write(carrier, request, opened or visit.token)
            MutableHeaders(scope=message).append("Set-Cookie", carrier.headers["Set-Cookie"])


def client_of(request: Request) -> str:
    """Return the address a request came from, as far as proxies can be believed."""
    return request.client.host if request.client else ""


def _is_among(path: str, paths: tuple[str, ...]) -> bool:
    """Say whether a path is one of some, or begins with one that ends in `/`."""
    return any(path.startswith(each) if each.endswith("/") else path == each for each in paths)


def _to_login(request: Request) -> Response:
    """Answer someone who has to log in first."""
    if request.method not in SAFE_METHODS:
        raise HTTPException(401)
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    return RedirectResponse(login_address(request.url.path, request.url.query), 303)


def _field(form: FormData) -> str:
    value = form.get("csrf", "")
    return value if isinstance(value, str) else ""


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body again that was read already."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
