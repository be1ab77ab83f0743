"""The list of profiles, and what is done from it: test, rotate, disable, delete; and the history of all that."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import Engine, event

from consumers.ledger.states import DeliveryState
from profiles.last_test import LastTest
from profiles.profile import Profile
from tests.rig.authority import Authority
from tests.rig.fixtures import StartSmtpServer
from tests.rig.smtp_server import FaultySmtpServer
from tests.web.conftest import NOW, Client, RunningPage, StartPage
from tests.web.profile_desk import PASSWORD, USER, keep_mail, keep_profile, keep_relay
from tests.web.profile_form import LIST, follow, wait_for_test

DAY = 86_400_000


@pytest.fixture
def server(start_smtp_server: StartSmtpServer, authority: Authority) -> FaultySmtpServer:
    return start_smtp_server(security="tls", context=authority.server_context(), users={USER: PASSWORD})


@pytest.fixture
def open_page(start_page: StartPage, server: FaultySmtpServer) -> RunningPage:
    return start_page(mail_ports=f"25,465,{server.port}")


@pytest.fixture
def admin(open_page: RunningPage) -> Client:
    return open_page.admin()


@pytest.fixture
def profile(open_page: RunningPage, server: FaultySmtpServer, authority: Authority) -> Profile:
    return keep_profile(open_page, server, authority)


def card_of(client: Client, profile: Profile) -> str:
    text = client.get(LIST).text
    return text.partition(f'id="profile-{profile.id}"')[2].partition("</li>\n")[0]


def told(card: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", card)))


def test_a_profile_is_listed_with_its_status_servers_use_and_expiry(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    assert "never tested" in told(card_of(admin, profile))
    store = open_page.ground.profiles
    store.record_test(profile.id, "smtp", LastTest(NOW - DAY, "recipient", None, NOW + 10 * DAY))
    keep_mail(open_page.ground.engine, profile, DeliveryState.SENT, taken=7)
    keep_mail(open_page.ground.engine, profile, DeliveryState.PENDING, 2)
    card = card_of(admin, profile)
    text = told(card)
    for each in ("healthy", f"localhost:{profile.smtp.port} (tls)", USER, "Replies are not read", "passed"):
        assert each in text
    for each in ("Used 7 times in 30 days", "2 waiting", "2026-12-04", "certificate ends"):
        assert each in text
    assert re.search(r'<svg class="use-chart".*role="img" aria-label="Mails a day over 30 days: 7', card)

    store.record_test(profile.id, "smtp", LastTest(NOW - DAY, "authenticate", "authentication_refused"))
    text = told(card_of(admin, profile))
    assert "failing since 23 Nov 2026, 12:00:00 UTC" in text
    assert "The last SMTP test failed: authentication refused." in text


def test_marks_come_with_what_helps(open_page: RunningPage, admin: Client) -> None:
    person = keep_relay(
        open_page,
        "Person",
        from_address="ada.lovelace@example.com",
        recipients=("a@example.com", "b@example.com"),
        credential_expires=date(2026, 12, 1),
    )
    text = told(card_of(admin, person))
    assert "ada.lovelace@example.com looks like a person's mailbox" in text
    assert "Use a dedicated mailbox" in text
    assert "Its password ends on 2026-12-01: rotate it." in text
    open_page.clock.at += 200 * DAY
    text = told(card_of(open_page.admin(), person))
    assert "No mail went through it for 90 days" in text
    assert "Remove it if it is obsolete" in text


def test_a_saved_profile_is_tested_from_the_list_and_what_it_came_to_is_kept(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    begun = admin.submit(f"{LIST}/{profile.id}/test")
    text = wait_for_test(admin, begun.headers["location"])
    assert "Everything works." in text
    assert open_page.ground.profiles.last_tests()[profile.id]["smtp"].passed
    assert open_page.viewer().get(begun.headers["location"]).status_code == 404, "tests are their session's own"


def test_the_stages_are_told_to_a_page_that_watches_only_when_there_are_more(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    path = admin.submit(f"{LIST}/{profile.id}/test").headers["location"]
    wait_for_test(admin, path)
    part = admin.get(path, params={"seen": "7"}, headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "hx-get" not in part.text, "a test that ended is asked for no more"
    assert "<html" not in part.text


def test_a_credential_is_rotated_when_its_test_passes(
    open_page: RunningPage, admin: Client, profile: Profile, server: FaultySmtpServer
) -> None:
    server.users[USER] = "new-sesame"
    path = f"{LIST}/{profile.id}/rotate"
    assert PASSWORD not in admin.get(path).text
    begun = admin.submit(path, {"smtp.password": "new-sesame", "expires": "2027-01-31"})
    text = wait_for_test(admin, begun.headers["location"])
    assert "The new credential is kept" in text
    assert "new-sesame" not in text
    after = open_page.ground.profiles.get(profile.id)
    assert open_page.ground.profiles.credential(after, "smtp") == "new-sesame"
    assert after.credential_expires == date(2027, 1, 31)
    assert [each.action for each in open_page.ground.profiles.history(profile.name)] == ["new", "test", "rotate"]


def test_a_credential_that_fails_its_test_leaves_the_old_one_unless_it_is_wanted_anyway(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    path = f"{LIST}/{profile.id}/rotate"
    begun = admin.submit(path, {"smtp.password": "wrong"})
    text = wait_for_test(admin, begun.headers["location"])
    assert "The old credential stays" in text
    store = open_page.ground.profiles
    assert store.credential(profile, "smtp") == PASSWORD
    draft = re.search(r'name="draft" value="([^"]+)"', text)
    assert draft is not None
    forced = admin.submit(path, {"action": "force", "draft": draft[1]})
    assert "The new credential is kept" in wait_for_test(admin, forced.headers["location"])
    assert store.credential(profile, "smtp") == "wrong"
    again = admin.submit(path, {"action": "force", "draft": draft[1]})
    assert (again.status_code, "type it again" in again.text) == (422, True)


def test_a_rotation_needs_a_password_and_a_date(admin: Client, profile: Profile) -> None:
    path = f"{LIST}/{profile.id}/rotate"
    assert "Type the new password." in admin.submit(path, {"smtp.password": ""}).text
    answer = admin.submit(path, {"smtp.password": "x", "expires": "soon"})
    assert "Must be a date" in answer.text
    assert 'value="soon"' in answer.text


def test_a_profile_is_disabled_and_enabled_with_its_mail(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    keep_mail(open_page.ground.engine, profile, DeliveryState.PENDING, 3)
    listed = follow(admin, admin.submit(f"{LIST}/{profile.id}/disable")).text
    assert "Profile “QA alerts” is disabled. 3 mails are held." in listed
    assert "disabled" in told(card_of(admin, profile))
    listed = follow(admin, admin.submit(f"{LIST}/{profile.id}/enable")).text
    assert "3 mails are released" in listed


def test_deleting_says_what_refers_to_it_and_where_waiting_mail_goes(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    spare = keep_relay(open_page, "Spare")
    keep_mail(open_page.ground.engine, profile, DeliveryState.PENDING, 2)
    keep_mail(open_page.ground.engine, profile, DeliveryState.SENT)
    path = f"{LIST}/{profile.id}/delete"
    text = told(admin.get(path).text)
    assert "2 ( 2 pending )" in text or "2 (2 pending)" in text
    assert "1 entry" in text

    refused = admin.submit(path)
    assert refused.status_code == 409
    assert "say where it goes" in refused.text
    assert admin.submit(path, {"mail": "move", "to": "Nobody"}).status_code == 422
    done = admin.submit(path, {"mail": "move", "to": "Spare"})
    assert "is deleted. 2 mails are moved to “Spare”." in follow(admin, done).text
    assert open_page.ground.profiles.all() == [spare]
    assert admin.get(path).status_code == 404


def test_waiting_mail_can_be_failed_and_a_failover_must_be_changed_first(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    other = keep_relay(open_page, "Other", failover="QA alerts")
    path = f"{LIST}/{profile.id}/delete"
    page = admin.get(path).text
    assert "Give these profiles another failover first: Other." in page
    assert "Delete profile" not in page
    assert admin.submit(path, {"mail": "fail"}).status_code == 409
    assert admin.submit(f"{LIST}/{other.id}/delete").status_code == 303
    keep_mail(open_page.ground.engine, profile, DeliveryState.PENDING)
    assert "1 mail is failed." in follow(admin, admin.submit(path, {"mail": "fail"})).text


def test_the_history_is_shown_in_steps_and_of_one_profile(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    for _ in range(30):
        admin.submit(f"{LIST}/{profile.id}/disable")
        admin.submit(f"{LIST}/{profile.id}/enable")
    keep_relay(open_page, "Other")
    first = admin.get(f"{LIST}/history").text
    assert first.count('data-label="When"') == 50
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    last = admin.get(older[1].replace("&amp;", "&")).text
    assert last.count('data-label="When"') == 12
    assert "smtp.password" in last
    one = admin.get(f"{LIST}/history", params={"profile": "Other"}).text
    assert one.count('data-label="When"') == 1
    assert "Nothing is on record" in admin.get(f"{LIST}/history", params={"profile": "None"}).text
    assert admin.get(f"{LIST}/history", params={"before": "x' OR 1"}).status_code == 200


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Note every statement."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_the_list_asks_the_database_no_more_when_there_is_more(
    open_page: RunningPage, admin: Client, profile: Profile
) -> None:
    engine = open_page.ground.engine
    keep_mail(engine, profile, DeliveryState.SENT, taken=10)
    admin.get(LIST)
    with counted(engine) as few:
        admin.get(LIST)
    for number in range(8):
        keep_relay(open_page, f"Relay {number}")
    keep_mail(engine, profile, DeliveryState.PENDING, 100, taken=1000)
    with counted(engine) as many:
        admin.get(LIST)
    assert len(many) == len(few)
    assert len(many) <= 8
