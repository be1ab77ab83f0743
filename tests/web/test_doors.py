"""Coming in and going: the login, the one-time link, logging out."""

from __future__ import annotations

import httpx

from profiles.authors import PROGRAM
from profiles.page.shell.visitors import Role
from tests.web.conftest import ADMIN, PASSWORDS, Client, RunningPage
from worker.web.attempts import MOST_PER_ADDRESS, MOST_PER_NAME
from worker.web.sessions import IDLE, LONGEST


def log_in(client: Client, name: str = ADMIN, password: str | None = None, **more: str) -> httpx.Response:
    fields = {"name": name, "password": PASSWORDS.get(name, "") if password is None else password, **more}
    return client.submit("/login", fields)


def is_in(client: Client) -> bool:
    """Say whether a client is logged in: others are led to the login."""
    return client.get("/no-such-page").status_code == 404


def test_a_stranger_is_led_to_the_login_and_back_to_where_they_wanted_to_go(page: RunningPage) -> None:
    page.make_account(ADMIN, Role.ADMIN)
    client = page.stranger()

    led = client.get("/deliveries?state=failed&suite=a%26b")
    assert (led.status_code, led.headers["location"]) == (
        303,
        "/login?next=/deliveries%3Fstate%3Dfailed%26suite%3Da%2526b",
    )
    form = client.get(led.headers["location"])
    assert 'name="next" value="/deliveries?state=failed&amp;suite=a%26b"' in form.text
    done = log_in(client, next="/deliveries?state=failed&suite=a%26b")

    assert (done.status_code, done.headers["location"]) == (303, "/deliveries?state=failed&suite=a%26b")
    assert is_in(client)


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(page: RunningPage) -> None:
    page.make_account(ADMIN, Role.ADMIN)

    answers = [log_in(page.stranger(), ADMIN, "not this one"), log_in(page.stranger(), "nobody", "not this one")]

    assert [answer.status_code for answer in answers] == [422, 422]
    texts = {answer.text.replace(ADMIN, "").replace("nobody", "").split('name="csrf"')[0] for answer in answers}
    assert len(texts) == 1
    assert "The name or the password is wrong." in texts.pop()
    assert "not this one" not in answers[0].text


def test_the_case_of_a_name_does_not_matter_and_that_of_a_password_does(page: RunningPage) -> None:
    page.make_account(ADMIN, Role.ADMIN)

    assert log_in(page.stranger(), ADMIN.upper(), PASSWORDS[ADMIN]).status_code == 303
    assert log_in(page.stranger(), ADMIN, PASSWORDS[ADMIN].upper()).status_code == 422


def test_attempts_at_one_account_are_limited_and_the_right_password_does_not_help_then(page: RunningPage) -> None:
    page.make_account(ADMIN, Role.ADMIN)
    client = page.stranger()
    for number in range(MOST_PER_NAME - 1):
        page.attempts.begin(ADMIN, f"192.0.2.{number}")
    assert log_in(client, ADMIN, "guess, guess").status_code == 422

    refused = log_in(client)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert "Wait 15 minutes" in refused.text
    page.clock.pass_by(minutes=15, seconds=1)
    assert log_in(client).status_code == 303


def test_attempts_from_one_address_are_limited_whatever_the_names(page: RunningPage) -> None:
    page.make_account(ADMIN, Role.ADMIN)
    client = page.stranger()
    for number in range(MOST_PER_ADDRESS - 1):
        page.attempts.begin(f"guess{number}", "127.0.0.1")

    assert log_in(client, "guess", "guess, guess").status_code == 422
    assert log_in(client, "another guess", "guess, guess").status_code == 429
    assert log_in(client).status_code == 429


def test_a_session_ends_when_idle_or_old_and_not_while_it_is_used(page: RunningPage) -> None:
    client = page.admin()
    page.clock.pass_by(hours=IDLE / 3_600_000, seconds=-1)
    assert is_in(client)
    page.clock.pass_by(hours=IDLE / 3_600_000, seconds=-1)
    assert is_in(client)
    page.clock.pass_by(hours=IDLE / 3_600_000, seconds=1)
    assert not is_in(client)

    client = page.admin()
    for _ in range(int(LONGEST / IDLE * 2)):
        assert is_in(client)
        page.clock.pass_by(hours=IDLE / 3_600_000 / 2)
    page.clock.pass_by(seconds=1)
    assert not is_in(client)


def test_what_a_page_asks_for_by_itself_keeps_no_session_alive(page: RunningPage) -> None:
    client = page.admin()
    page.clock.pass_by(hours=11)
    assert client.get("/no-such-page", headers={"X-Live": "1"}).status_code == 404
    page.clock.pass_by(hours=1, seconds=1)

    assert not is_in(client)


def test_a_new_password_a_removal_and_logging_out_end_sessions(page: RunningPage) -> None:
    first = page.admin()
    second = page.admin()
    out = first.post("/logout", data={"csrf": first.csrf("/no-such-page")})
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert not is_in(first)
    assert is_in(second)

    page.accounts.set_password(ADMIN, "another good one", by=PROGRAM)
    assert not is_in(second)
    third = page.admin()
    assert is_in(third)
    page.accounts.remove(ADMIN, by=PROGRAM)
    assert not is_in(third)


# The one-time link.


def test_the_link_opens_the_page_once_and_looking_at_it_uses_nothing_up(page: RunningPage) -> None:
    token = page.links.make("root by link")
    client, other = page.stranger(), page.stranger()
    csrf = other.csrf(f"/enter/{token}")
    for _ in range(2):
        assert "Open runmail" in client.get(f"/enter/{token}").text
    assert not is_in(client)

    came = client.post(f"/enter/{token}", data={"csrf": client.csrf(f"/enter/{token}")})
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert is_in(client)
    again = other.get(f"/enter/{token}")
    assert again.status_code == 404
    assert "used already" in again.text
    assert other.post(f"/enter/{token}", data={"csrf": csrf}).status_code == 404
    assert not is_in(other)


def test_the_link_ends_after_ten_minutes(page: RunningPage) -> None:
    token = page.links.make("root by link")
    client = page.stranger()
    csrf = client.csrf(f"/enter/{token}")
    page.clock.pass_by(minutes=10, seconds=1)

    assert client.get(f"/enter/{token}").status_code == 404
    assert client.post(f"/enter/{token}", data={"csrf": csrf}).status_code == 404


def test_an_admin_account_ends_links_and_those_who_came_in_by_one(page: RunningPage) -> None:
    used, unused = page.links.make("root by link"), page.links.make("root by link")
    client = page.stranger()
    client.post(f"/enter/{used}", data={"csrf": client.csrf(f"/enter/{used}")})
    assert is_in(client)

    page.make_account(ADMIN, Role.ADMIN)

    assert not is_in(client)
    assert client.get(f"/enter/{unused}").status_code == 404
    assert page.links.make("root by link") is None


def test_without_an_account_the_login_says_how_to_come_in(page: RunningPage) -> None:
    assert "runmail web --link" in page.stranger().get("/login").text


def test_the_trail_names_who_came_and_went(page: RunningPage) -> None:
    page.make_account(ADMIN, Role.ADMIN)
    client = page.stranger()
    log_in(client, ADMIN, "not this one")
    log_in(client)
    client.post("/logout", data={"csrf": client.csrf("/no-such-page")})

    told = [(entry.account, entry.deed, entry.author.who) for entry in page.accounts.trail(10)]
    assert told == [(ADMIN, "logout", ADMIN), (ADMIN, "login", ADMIN), (ADMIN, "add", "runmail")]
