"""Names, proxies and TLS: whom the page answers to, and whom it believes."""

from __future__ import annotations

from typing import Any

import pytest

from profiles.page.shell.visitors import Role
from tests.web.conftest import ADMIN, VIEWER, RunningPage, StartPage
from tests.web.test_doors import is_in, log_in
from worker.settings import SettingsInvalid, read_settings

PROXY = {"web_proxies": "127.0.0.1", "web_hosts": "runmail.example.com"}


def test_a_page_of_another_name_gets_nothing(page: RunningPage) -> None:
    client = page.admin()
    names = ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8085", "", "a b", "[::1")
    for host in names:
        for path in ("/login", "/healthz", "/static/app.css", "/deliveries"):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code in (400, 421), (path, host)
            assert "set-cookie" not in answer.headers
        assert client.post("/logout", headers={"Host": host}).status_code in (400, 421)


def test_this_machines_own_names_are_answered(page: RunningPage) -> None:
    client = page.stranger()
    for host in ("127.0.0.1", "127.0.0.1:9", "localhost:8085", "LOCALHOST", "[::1]:8085", "127.8.0.1"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200, host


def test_a_name_that_is_allowed_is_answered_whatever_its_port(start_page: StartPage) -> None:
    page = start_page(web_hosts="runmail.example.com, other.example:8443")
    for host, status in (
        ("runmail.example.com", 200),
        ("Runmail.Example.com:443", 200),
        ("other.example", 200),
        ("x.runmail.example.com", 421),
    ):
        assert page.stranger().get("/healthz", headers={"Host": host}).status_code == status, host


def test_what_a_stranger_says_of_proxies_is_not_believed(page: RunningPage) -> None:
    page.make_account(ADMIN, Role.ADMIN)
    forged = {
        "X-Forwarded-Host": "runmail.example.com",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.9",
        "X-Remote-User": ADMIN,
    }
    client = page.stranger(headers=forged)
    answer = client.get("/login")

    assert "strict-transport-security" not in answer.headers
    assert answer.headers["set-cookie"].startswith("runmail=")
    assert not is_in(client)
    log_in(client)
    assert page.accounts.trail(1)[0].author.host == "127.0.0.1"


def test_behind_a_trusted_proxy_with_tls_the_cookie_is_bound_to_the_host(start_page: StartPage) -> None:
    page = start_page(**PROXY)
    page.make_account(ADMIN, Role.ADMIN)
    headers = {
        "X-Forwarded-Host": "runmail.example.com",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "6.6.6.6, 192.0.2.9, 127.0.0.1",
    }
    client = page.stranger(headers=headers)
    form = client.get("/login")

    assert form.headers["strict-transport-security"] == "max-age=31536000"
    (cookie,) = form.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-runmail=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"httponly", "path=/", "samesite=lax", "secure"}
    # A client would send a Secure cookie over TLS only; the proxy hands it on without.
    client.headers["Cookie"] = cookie.split(";")[0]
    done = log_in(client)
    assert done.status_code == 303
    assert page.accounts.trail(1)[0].author.host == "192.0.2.9", "the last one that is no proxy of ours"
    client.headers["X-Forwarded-Host"] = "evil.example"
    assert client.get("/login").status_code == 421


def test_attempts_are_counted_by_the_client_behind_the_proxy(start_page: StartPage) -> None:
    page = start_page(**PROXY)
    for number in range(30):
        page.attempts.begin(f"name{number}", "192.0.2.9")
    page.make_account(ADMIN, Role.ADMIN)

    assert log_in(page.stranger(headers={"X-Forwarded-For": "192.0.2.9"})).status_code == 429
    assert log_in(page.stranger(headers={"X-Forwarded-For": "192.0.2.10"})).status_code == 303


def test_the_one_time_link_opens_on_this_machine_alone(start_page: StartPage) -> None:
    page = start_page(**PROXY)
    token = page.links.make("root by link")
    client = page.stranger(headers={"X-Forwarded-For": "192.0.2.9"})
    assert client.get(f"/enter/{token}").status_code == 403
    assert page.stranger().get(f"/enter/{token}").status_code == 200


# The user that an authenticating proxy names.


def proxied(start_page: StartPage, **changes: Any) -> RunningPage:
    page = start_page(**{**PROXY, "web_user_header": "X-Remote-User", **changes})
    page.make_account(VIEWER, Role.VIEWER)
    page.make_account(ADMIN, Role.ADMIN)
    return page


def test_a_proxy_lets_in_whom_it_names_in_the_role_of_their_account(start_page: StartPage) -> None:
    page = proxied(start_page)
    admin, viewer = (page.stranger(headers={"X-Remote-User": name}) for name in (ADMIN.upper(), VIEWER))

    assert "Admin" in admin.get("/no-such-page").text
    assert "may not change anything" in viewer.get("/no-such-page").text
    assert viewer.post("/logout", data={}).status_code == 403
    entered = [entry for entry in page.accounts.trail(10) if entry.deed == "login by proxy"]
    assert [entry.account for entry in entered] == [VIEWER, ADMIN], "a session each, not a session a request"


def test_whom_no_account_knows_the_proxy_cannot_let_in(start_page: StartPage) -> None:
    answer = proxied(start_page).stranger(headers={"X-Remote-User": "mallory"}).get("/deliveries")
    assert (answer.status_code, "runmail admin add" in answer.text) == (403, True)


def test_a_proxied_session_is_worth_nothing_without_the_proxys_word_or_with_another(start_page: StartPage) -> None:
    page = proxied(start_page)
    client = page.stranger(headers={"X-Remote-User": ADMIN})
    assert is_in(client)

    del client.headers["X-Remote-User"]
    assert not is_in(client)
    client.headers["X-Remote-User"] = VIEWER
    assert "may not change anything" in client.get("/no-such-page").text


def test_two_names_at_once_are_no_name(start_page: StartPage) -> None:
    page = proxied(start_page)
    client = page.stranger(headers=[("X-Remote-User", ADMIN), ("X-Remote-User", VIEWER)])
    assert not is_in(client)


def test_the_header_of_somebody_who_is_no_proxy_is_nothing(start_page: StartPage) -> None:
    page = proxied(start_page, web_proxies="192.0.2.0/24")
    assert not is_in(page.stranger(headers={"X-Remote-User": ADMIN}))


@pytest.mark.parametrize(
    ("variables", "wrong"),
    [
        ({"RUNMAIL_WEB_USER_HEADER": "X-User"}, "needs RUNMAIL_WEB_PROXIES"),
        ({"RUNMAIL_WEB_PROXIES": "proxy.example"}, "RUNMAIL_WEB_PROXIES"),
        ({"RUNMAIL_WEB_HOSTS": "https://x/"}, "RUNMAIL_WEB_HOSTS"),
        ({"RUNMAIL_WEB_USER_HEADER": "a b", "RUNMAIL_WEB_PROXIES": "::1"}, "RUNMAIL_WEB_USER_HEADER"),
    ],
)
def test_settings_that_would_open_a_door_are_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wrong: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsInvalid, match=wrong):
        read_settings()
