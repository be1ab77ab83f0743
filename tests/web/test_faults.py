"""What is shown when something goes wrong on our side."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from profiles.page.shell.inline_code import with_code
from tests.web.conftest import RunningPage
from worker.web.application import Fence, make_application
from worker.web.composition import make_pages
from worker.web.cookies import Cookies
from worker.web.headers import POLICY
from worker.web.serve import WebServer
from worker.web.sessions import Sessions
from worker.web.visits import VisitParts

#: Stands in what fails, and must stand in no answer.
SECRET = "the password is sesame"


def broken(_: Request) -> Response:
    raise RuntimeError(SECRET)


def without_database(_: Request) -> Response:
    raise OperationalError(SECRET, {}, Exception(SECRET))


@pytest.fixture
def client(page: RunningPage) -> Iterator[httpx.Client]:
    """An application two of whose pages fail."""
    visits = VisitParts(page.accounts, Sessions(page.ground.engine, page.clock), Cookies([b"k" * 32]))
    routes = [Route("/login", broken), Route("/enter/x", without_database)]
    server = WebServer(make_application(make_pages(), visits, Fence(), routes), "127.0.0.1", 0)
    with httpx.Client(base_url=f"http://127.0.0.1:{server.start()}", timeout=60) as opened:
        yield opened
    server.stop()


@pytest.mark.parametrize(
    ("path", "status", "said"), [("/login", 500, "on our side"), ("/enter/x", 503, "The database does not answer")]
)
def test_a_fault_of_ours_is_a_page_that_says_what_to_do_and_nothing_of_the_inside(
    client: httpx.Client, path: str, status: int, said: str
) -> None:
    answer = client.get(path)

    assert (answer.status_code, said in answer.text) == (status, True)
    assert answer.headers["Content-Security-Policy"] == POLICY
    for inside in (SECRET, "Traceback", "RuntimeError", ".py"):
        assert inside not in answer.text
    # The next request is served as if nothing had been.
    assert client.get("/static/app.css").status_code == 200


def test_what_is_not_there_or_cannot_be_done_has_a_page_too(page: RunningPage) -> None:
    visitor = page.admin()
    missing = visitor.get("/no-such-page")
    assert (missing.status_code, "There is nothing here" in missing.text) == (404, True)
    assert 'href="/settings/email"' in missing.text, "with the way to everything else"
    csrf = visitor.csrf("/no-such-page")
    wrong = visitor.post("/settings/accounts", data={"csrf": csrf})
    assert (wrong.status_code, "This cannot be done here" in wrong.text) == (405, True)
    outside = page.stranger().get("/enter/nothing")
    assert "This link has ended" in outside.text
    assert "<code>runmail web --link</code>" in outside.text


def test_words_of_a_command_line_stand_out_and_nothing_gets_in_by_them() -> None:
    shown = with_code("run `runmail <x>` & see `b")
    assert shown == "run <code>runmail &lt;x&gt;</code> &amp; see `b"
    assert with_code("`<script>\u202e`") == "<code>&lt;script&gt;\ufffd</code>"
