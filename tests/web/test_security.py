"""What the page must withstand: every route of the application is tried, also those that come later."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from starlette.routing import Mount, Route

from profiles.page.shell.visitors import Role
from tests.web.conftest import ADMIN, PASSWORDS, Client, RunningPage
from tests.web.test_doors import is_in, log_in
from worker.web.headers import ALWAYS, POLICY
from worker.web.visits import DOORS, PUBLIC

#: One that forms send and one that they cannot; PUT and PATCH go the same way as the second.
UNSAFE = ("POST", "DELETE")


def paths(page: RunningPage) -> Iterator[tuple[str, Route]]:
    """Yield a path for every route, with 1 in the place of what varies."""

    def walk(routes: list[object], before: str) -> Iterator[tuple[str, Route]]:
        for route in routes:
            if isinstance(route, Mount):
                yield from walk(list(route.routes or ()), before + route.path)
            elif isinstance(route, Route):
                yield re.sub(r"\{[^}]*\}", "1", before + route.path), route

    assert page.application is not None
    yield from walk(list(page.application.routes), "")


def is_open(path: str) -> bool:
    return any(path.startswith(each) for each in (*PUBLIC, *DOORS))


def test_an_anonymous_visitor_sees_nothing_and_changes_nothing(page: RunningPage) -> None:
    client, tried = page.stranger(), 0
    csrf = client.csrf(f"/enter/{page.links.make('x')}")
    for path, _ in paths(page):
        if is_open(path):
            continue
        led = client.get(path)
        assert (led.status_code, led.headers["location"].startswith("/login")) == (303, True), path
        for method in UNSAFE:
            refused = client.request(method, path, data={"csrf": csrf})
            assert refused.status_code == 401, (method, path)
        tried += 1
    assert tried >= 1


def test_a_viewer_changes_nothing_but_their_own_session(page: RunningPage) -> None:
    client = page.viewer()
    csrf = client.csrf("/no-such-page")
    for path, _ in paths(page):
        if is_open(path) or path == "/logout":
            continue
        for method in UNSAFE:
            refused = client.request(method, path, data={"csrf": csrf})
            assert refused.status_code == 403, (method, path)
            assert "You are a viewer" in refused.text
    assert client.post("/logout", data={"csrf": csrf}).status_code == 303


def test_no_route_changes_anything_without_the_token_of_the_session(page: RunningPage) -> None:
    client, other = page.admin(), page.admin()
    for path, _ in paths(page):
        if path == "/healthz":
            continue
        for method in UNSAFE:
            assert client.request(method, path).status_code == 403, (method, path)
    for token in ("", "0" * 64, other.csrf("/no-such-page")):
        assert client.post("/logout", data={"csrf": token}).status_code == 403
        assert client.post("/logout", headers={"X-CSRF-Token": token}).status_code == 403
    assert is_in(client)


def test_a_get_of_no_route_asks_for_a_token_and_none_that_is_unsafe_is_a_get(page: RunningPage) -> None:
    for path, route in paths(page):
        methods = route.methods or set()
        assert not (methods & {"GET"} and methods & set(UNSAFE)), f"{path}: one endpoint both shows and changes"


def test_a_request_from_another_site_is_refused_even_with_the_token(page: RunningPage) -> None:
    client = page.admin()
    fields = {"csrf": client.csrf("/no-such-page")}
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:1", "http://["):
        assert client.post("/logout", data=fields, headers={"Origin": origin}).status_code == 403, origin
    for site in ("cross-site", "same-site"):
        assert client.post("/logout", data=fields, headers={"Sec-Fetch-Site": site}).status_code == 403, site
    ours = {"Origin": page.address, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/logout", data=fields, headers=ours).status_code == 303


def test_logging_in_gives_another_session_than_the_one_that_was_planted(page: RunningPage) -> None:
    page.make_account(ADMIN, Role.ADMIN)
    attacker = page.stranger()
    attacker.get("/login")
    planted = attacker.cookies["runmail"]
    victim = page.stranger()
    victim.cookies.set("runmail", planted, domain="127.0.0.1")

    assert log_in(victim).status_code == 303

    assert victim.cookies["runmail"] != planted
    assert is_in(victim)
    assert not is_in(attacker)


def test_logging_in_anew_ends_the_session_before(page: RunningPage) -> None:
    client = page.admin()
    kept = client.cookies["runmail"]
    client.form_page = "/no-such-page"
    assert log_in(client, ADMIN, PASSWORDS[ADMIN]).status_code == 303
    old = page.stranger()
    old.cookies.set("runmail", kept, domain="127.0.0.1")
    assert is_in(client)
    assert not is_in(old)


@pytest.mark.parametrize("change", [lambda value: value[:-1] + ("0" if value[-1] != "0" else "1"), lambda value: "x"])
def test_a_cookie_that_was_not_signed_here_is_none(page: RunningPage, change: object) -> None:
    client = page.admin()
    value = client.cookies["runmail"]
    client.cookies.clear()
    client.cookies.set("runmail", change(value), domain="127.0.0.1")  # type: ignore[operator]
    assert not is_in(client)


def test_the_cookie_can_be_read_by_no_script_and_sent_by_no_other_site(page: RunningPage) -> None:
    (cookie,) = page.stranger().get("/login").headers.get_list("set-cookie")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"httponly", "path=/", "samesite=lax"}
    assert cookie.startswith("runmail=")


def _answers(page: RunningPage) -> Iterator[httpx.Response]:
    client, stranger = page.admin(), page.stranger()
    yield stranger.get("/login")
    yield stranger.get("/deliveries")
    yield stranger.post("/login")
    yield stranger.get("/healthz")
    yield stranger.get("/static/app.css")
    yield stranger.get("/static/nothing")
    yield stranger.get("/healthz", headers={"Host": "evil.example"})
    yield client.get("/no-such-page")
    yield client.post("/healthz")
    yield client.post("/logout", content=b"x" * 1_000_001, headers={"Content-Type": "text/plain"})
    for path, route in paths(page):
        if "GET" in (route.methods or ()):
            yield client.get(path)


def test_every_answer_carries_the_strict_headers(page: RunningPage) -> None:
    statuses = set()
    for answer in _answers(page):
        statuses.add(answer.status_code)
        where = f"{answer.request.method} {answer.request.url} {answer.status_code}"
        for name, value in ALWAYS.items():
            assert answer.headers.get(name) == value, where
        policy = answer.headers["Content-Security-Policy"]
        if policy != POLICY:  # what a stranger wrote, in a frame: it can do even less
            assert "sandbox" in policy, where
            assert "script-src" not in policy, where
            assert "default-src 'none'" in policy, where
        assert "static" in str(answer.request.url) or answer.headers["Cache-Control"] == "no-store", where
        assert "server" not in answer.headers, where
        assert "strict-transport-security" not in answer.headers
    assert {200, 303, 403, 404, 405, 413, 421} <= statuses


def test_no_page_has_a_script_or_style_of_its_own(page: RunningPage) -> None:
    for answer in _answers(page):
        if answer.headers.get("content-type", "").startswith("text/html") and POLICY in answer.headers.values():
            assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=|javascript:", answer.text)
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)


ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%0d%0aLocation:https://evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "http:evil.example",
    "http://[",
    "/logout",
    "/enter/abc",
    "",
)


def test_logging_in_leads_to_no_other_site(page: RunningPage) -> None:
    client = page.admin()
    for wanted in ELSEWHERE:
        led = client.get("/login", params={"next": wanted})
        target = led.headers["location"]
        # What is kept of them is a path of ours, as it was written; a browser goes nowhere else by it.
        assert led.status_code == 303
        assert target == "/" or (target == wanted and re.match(r"/[^/\\]", target) and "\r" not in target), wanted
        assert httpx.URL(page.address).join(target).host == "127.0.0.1"


def test_sizes_are_bounded(page: RunningPage) -> None:
    client = page.admin()
    csrf = client.csrf("/no-such-page")
    said = client.post("/logout", data={"csrf": csrf, "x": "y" * 1_000_000})
    assert (said.status_code, "1 MB" in said.text) == (413, True)

    def unsaid() -> Iterator[bytes]:
        yield f"csrf={csrf}".encode()
        for _ in range(20):
            yield b"&x=" + b"y" * 100_000

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/logout", content=unsaid(), headers=form).status_code == 413
    many = client.post("/logout", data={"csrf": csrf, **{f"f{number}": "" for number in range(301)}})
    assert many.status_code == 400
    file = client.post("/logout", data={"csrf": csrf}, files={"file": b"x"})
    assert file.status_code == 400
    assert client.get(f"/no-such-page?x={'y' * 8_000}").status_code == 414
    assert is_in(client)


def test_a_body_of_garbage_is_refused_and_is_no_fault_of_ours(page: RunningPage) -> None:
    client = page.admin()
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "x/y"):
        for body in (b"\xff\xfe=%zz&%", b"csrf", b"=&=&;&", b"--x\r\n", b"--x--", b""):
            answer = client.post("/logout", content=body, headers={"Content-Type": kind})
            assert answer.status_code in (400, 403), (kind, body)


def test_a_parts_session_that_has_ended_leads_the_whole_page_to_the_login(page: RunningPage) -> None:
    answer = page.stranger().get("/deliveries", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


def test_no_token_query_or_password_stands_in_the_log(page: RunningPage, capfd: pytest.CaptureFixture[str]) -> None:
    token = page.links.make("root by link")
    client: Client = page.stranger()
    client.get(f"/enter/{token}")
    client.get(f"/enter/{token}/")
    client.get("/deliveries?recipient=ann@example.com")
    page.make_account(ADMIN, Role.ADMIN)
    log_in(client)
    client.get("/no/ann@example.com")

    written = "".join(capfd.readouterr())
    assert "/enter/{token}" in written
    for secret in (token or "", "ann@example.com", PASSWORDS[ADMIN], client.cookies["runmail"].split(".")[0]):
        assert secret not in written
