"""What a visitor sees when something does not work: a page that says what to do, and nothing of the inside."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profiles.page.shell.pages import Pages

log = structlog.get_logger(__name__)

#: What to do, by status: heading and sentence.
SAID = {
    400: ("This request cannot be read", "Go back, load the page again, and try once more."),
    401: ("You are not logged in", "Your session has ended. Log in, then try once more."),
    403: ("This is not allowed", "If you came here from a form, load its page again and try once more."),
    404: ("There is nothing here", "The address is mistyped, or what was here has been removed."),
    405: ("This cannot be done here", "Go back to the page you came from, and use what it offers."),
    408: ("The request took too long", "Look at your connection, then try once more."),
    413: ("This is too large", "A request may be 1 MB. Shorten what you entered, and try once more."),
    414: ("The address is too long", "Use fewer or shorter filters."),
    421: ("This address is not ours", "The page answers to this machine's own names only."),
    429: ("Too many attempts", "Wait 15 minutes, then try once more."),
    500: ("Something went wrong on our side", "It is in the log of `runmail web`. Try again, and tell an operator."),
    503: ("The database does not answer", "Nothing is lost. Try again in a minute; `runmail doctor` says more."),
}


class Faults:
    """Turns what goes wrong further in into a page; logs what is a fault of ours."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer for it when that fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except HTTPException as error:
            answer = fault_page(self._pages, Request(scope), error.status_code, error.detail, error.headers)
        except OperationalError as error:
            log.exception("web_database_away", error=type(error).__name__)
            answer = fault_page(self._pages, Request(scope), 503)
        except Exception as error:
            log.exception("web_request_failed", error=type(error).__name__)
            answer = fault_page(self._pages, Request(scope), 500)
        else:
            return
        if not begun:
            await answer(scope, receive, send)


def fault_page(
    pages: Pages, request: Request, status: int, detail: str | None = None, headers: object = None
) -> Response:
    """Return the page for a status; a detail that only repeats the status's own phrase is left out."""
    heading, text = SAID.get(status, SAID[500 if status >= 500 else 400])
    detail = None if detail == HTTPStatus(status).phrase else detail
    try:
        answer = pages.show(request, "shell/error.html", status, code=status, heading=heading, text=text, detail=detail)
    except Exception as error:
        log.exception("web_fault_page_failed", error=type(error).__name__)
        answer = PlainTextResponse(f"{heading}. {text}\n", status)
    if isinstance(headers, dict):
        answer.headers.update(headers)
    return answer
