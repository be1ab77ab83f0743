"""What Email Settings must withstand: credentials stay inside, tests go to mail servers, text is text."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import text

from profiles.page.trials import PER_MINUTE
from profiles.profile import Profile, Security, SmtpSettings
from tests.rig.authority import Authority
from tests.rig.fixtures import StartSmtpServer
from tests.rig.smtp_server import FaultySmtpServer
from tests.web.conftest import Client, RunningPage, StartPage
from tests.web.profile_desk import keep_profile, keep_relay
from tests.web.profile_form import LIST, NEW, fault_at, filled, send, shown, wait_for_test

TYPED, SAVED, ROTATED = "typed-Zx81", "saved-Zx81", "rotated-Zx81"
HOSTILE = "<script>alert(1)</script>\"'><img src=x>"


@pytest.fixture
def server(start_smtp_server: StartSmtpServer, authority: Authority) -> FaultySmtpServer:
    users = {"qa@example.com": TYPED, "saved@example.com": SAVED}
    return start_smtp_server(security="tls", context=authority.server_context(), users=users)


@pytest.fixture
def open_page(start_page: StartPage, server: FaultySmtpServer) -> RunningPage:
    return start_page(mail_ports=f"25,465,{server.port}")


@pytest.fixture
def admin(open_page: RunningPage) -> Client:
    return open_page.admin()


def test_no_answer_holds_a_credential_whatever_is_done_with_it(
    open_page: RunningPage, server: FaultySmtpServer, authority: Authority, capfd: pytest.CaptureFixture[str]
) -> None:
    answers: list[httpx.Response] = []

    def note(response: httpx.Response) -> None:
        response.read()
        answers.append(response)

    admin = open_page.admin()
    admin.event_hooks = {"response": [note]}
    form = filled(server, authority, smtp__password=TYPED)
    send(admin, NEW, form | {"name": ""})
    send(admin, NEW, form | {"smtp.port": "x"})
    send(admin, NEW, form | {"preset": "google"}, "preset")
    tested = send(admin, NEW, form | {"smtp.username": "saved@example.com"}, "test-smtp")
    wait_for_test(admin, tested.headers["location"])
    tested = send(admin, NEW, form, "test-smtp")
    page = wait_for_test(admin, tested.headers["location"])
    send(admin, NEW, shown(page), "send")
    assert send(admin, NEW, shown(page)).status_code == 303
    profile = open_page.ground.profiles.exact("QA alerts")
    edit, rotate = f"{LIST}/{profile.id}/edit", f"{LIST}/{profile.id}/rotate"
    send(admin, edit, shown(admin.get(edit).text) | {"smtp.host": "127.0.0.1"})
    send(admin, edit, shown(admin.get(edit).text) | {"smtp.password": SAVED, "recipients": "x"})
    wait_for_test(admin, admin.submit(rotate, {"smtp.password": ROTATED}).headers["location"])
    wait_for_test(admin, admin.submit(f"{LIST}/{profile.id}/test").headers["location"])
    for path in (LIST, f"{LIST}/history", edit, rotate, f"{LIST}/{profile.id}/delete"):
        admin.get(path)

    assert len(answers) > 20
    for answer in answers:
        whole = f"{answer.text} {answer.headers} {answer.url}"
        for secret in (TYPED, SAVED, ROTATED):
            assert secret not in whole, answer.url
    logged = "".join(capfd.readouterr())
    with open_page.ground.engine.connect() as connection:
        kept = repr(connection.execute(text("SELECT * FROM page_draft")).all())
        trail = repr(connection.execute(text("SELECT * FROM profile_change")).all())
    for secret in (TYPED, SAVED, ROTATED):
        assert secret not in logged + kept + trail


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("169.254.169.254", "465", "link-local"),
        ("::ffff:169.254.169.254", "465", "link-local"),
        ("2852039166", "465", "link-local"),
        ("0xa9fea9fe", "465", "link-local"),
        ("0251.0376.0251.0376", "465", "link-local"),
        ("100.100.100.200", "465", "metadata"),
        ("0.0.0.0", "465", "no particular address"),
        ("127.0.0.1", "22", "usual mail ports only"),
        ("127.0.0.1", "6379", "usual mail ports only"),
    ],
)
def test_a_test_goes_to_mail_servers_only(admin: Client, host: str, port: str, said: str) -> None:
    fields = {"name": "QA", "from": "qa@example.com", "smtp.host": host, "smtp.port": port, "smtp.security": "tls"}
    answer = send(admin, NEW, fields, "test-smtp")
    if answer.status_code == 422:
        assert "no host name" in fault_at(answer.text, "smtp-host")
        return
    page = wait_for_test(admin, answer.headers["location"])
    assert said in page
    assert "<strong>connect</strong>" not in page


def test_tests_are_limited_and_written_down(open_page: RunningPage, admin: Client, server: FaultySmtpServer) -> None:
    fields = {"name": "QA", "from": "qa@example.com", "smtp.host": "127.0.0.1", "smtp.port": "22"}
    for _ in range(PER_MINUTE):
        answer = send(admin, NEW, fields | {"smtp.security": "tls"}, "test-smtp")
        wait_for_test(admin, answer.headers["location"])
    refused = send(admin, NEW, fields | {"smtp.security": "tls"}, "test-smtp")
    assert refused.status_code == 429
    assert "within a minute" in refused.text
    assert shown(refused.text)["smtp.host"] == "127.0.0.1"
    entries = open_page.ground.profiles.history("QA")
    assert [entry.action for entry in entries] == ["test"] * PER_MINUTE
    assert entries[0].changes == {"smtp server": [None, "127.0.0.1:22 (tls)"]}
    assert (entries[0].author.who, entries[0].author.host) == ("ada", "127.0.0.1")


def test_strangers_text_is_shown_as_text(
    open_page: RunningPage, admin: Client, start_smtp_server: StartSmtpServer, start_page: StartPage
) -> None:
    hostile = start_smtp_server()
    hostile.faults.add("MAIL", "5xx", text=f"{HOSTILE} \x1b[31mred\x1b[0m \u202eright")
    page = start_page(mail_ports=f"25,{hostile.port}")
    profile = Profile(
        0, HOSTILE, "qa@example.com", SmtpSettings("localhost", hostile.port, Security.NONE), note=HOSTILE
    )
    kept = page.ground.profiles.add(profile)
    admin = page.admin()
    tested = admin.submit(f"{LIST}/{kept.id}/test").headers["location"]
    texts = [wait_for_test(admin, tested)]
    for path in ("", f"/{kept.id}/edit", f"/{kept.id}/rotate", f"/{kept.id}/delete", "/history", "/new"):
        texts.append(admin.get(f"{LIST}{path}").text)
    texts.append(send(admin, NEW, dict.fromkeys(["name", "from", "recipients", "smtp.host", "preset"], HOSTILE)).text)
    assert "&lt;script&gt;" in texts[0]
    for each in texts:
        assert "<script>alert" not in each
        assert "<img src=x" not in each
        assert "\x1b" not in each
        assert "\u202e" not in each


VIEWS: list[Callable[[Profile], str]] = [
    lambda profile: NEW,
    lambda profile: f"{LIST}/{profile.id}/edit",
    lambda profile: f"{LIST}/{profile.id}/rotate",
    lambda profile: f"{LIST}/{profile.id}/delete",
]


@pytest.mark.parametrize("view", VIEWS)
def test_a_viewer_sees_the_list_and_no_form(page: RunningPage, view: Callable[[Profile], str]) -> None:
    profile = keep_relay(page, "QA")
    viewer = page.viewer()
    assert viewer.get(view(profile)).status_code == 403
    listed = viewer.get(LIST).text
    assert "relay.example.com:25" in listed
    for action in ("/edit", "/test", "/disable", "/delete", "+ New profile"):
        assert action not in listed
    assert viewer.get(f"{LIST}/history").status_code == 200


def test_addresses_that_name_nothing_are_answered_with_a_page(admin: Client) -> None:
    for path in ("/99/edit", "/99/rotate", "/99/delete", "/tests/none"):
        assert admin.get(f"{LIST}{path}").status_code == 404, path
    for path in ("/99/test", "/99/disable", "/99/enable", "/99/delete", "/99/edit", "/99/rotate"):
        assert admin.submit(f"{LIST}{path}").status_code == 404, path


def test_pages_carry_no_style_or_script_of_their_own(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    profile = keep_profile(open_page, server, authority)
    for path in ("", "/new", f"/{profile.id}/edit", f"/{profile.id}/rotate", f"/{profile.id}/delete", "/history"):
        page = admin.get(f"{LIST}{path}").text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=\"/static/)", page), path
        assert not re.search(r'(src|href)="https?://', page), path
