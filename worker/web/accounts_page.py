"""The page of accounts: who may log in, and the trail of logins and changes, newest first. It only shows."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from profiles.page.shell.pages import Pages
from worker.web.account_trail import Deed
from worker.web.accounts import Accounts

PATH = "/settings/accounts"
ROWS = 50
#: What an entry says.
WORDS = {
    Deed.ADD: "account added",
    Deed.PASSWORD: "password set",
    Deed.REMOVE: "account removed",
    Deed.LOGIN: "logged in",
    Deed.ENTER: "came in by a one-time link",
    Deed.PROXY: "came in by a proxy",
    Deed.LOGOUT: "logged out",
}


def route(pages: Pages, accounts: Accounts) -> Route:
    """Return the route."""
    return Route(PATH, _endpoint(pages, accounts), methods=["GET"])


def _endpoint(pages: Pages, accounts: Accounts) -> Callable[[Request], Response]:
    def show(request: Request) -> Response:
        before, after = (_number(request.query_params.get(name)) for name in ("before", "after"))
        slice_ = accounts.trail_page(ROWS, before=before, after=after)
        return pages.show(
            request,
            "web/accounts.html",
            accounts=accounts.all(),
            entries=slice_.entries,
            words={deed.value: words for deed, words in WORDS.items()},
            newer=f"{PATH}?after={slice_.entries[0].id}" if slice_.has_newer else None,
            older=f"{PATH}?before={slice_.entries[-1].id}" if slice_.has_older else None,
        )

    return show


def _number(text: str | None) -> int | None:
    """Return the number of an entry; None for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
