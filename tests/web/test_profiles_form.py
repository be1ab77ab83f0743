"""The form of a profile: empty, filled by a preset, tested before it is saved, with faults, and saved."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from profiles.drafts import Credentials
from profiles.profile import Profile, Security, SmtpSettings
from tests.rig.authority import Authority
from tests.rig.dovecot import Dovecot
from tests.rig.fixtures import StartSmtpServer
from tests.rig.smtp_server import FaultySmtpServer
from tests.web.conftest import Client, RunningPage, StartPage
from tests.web.profile_form import LIST, NEW, fault_at, filled, follow, send, shown, wait_for_test


@pytest.fixture
def server(start_smtp_server: StartSmtpServer, authority: Authority) -> FaultySmtpServer:
    """A server with TLS and a login."""
    return start_smtp_server(
        security="tls", context=authority.server_context(), users={"qa@example.com": "sesame", "new": "open"}
    )


@pytest.fixture
def open_page(start_page: StartPage, server: FaultySmtpServer) -> RunningPage:
    """The application, which may test the port of the server."""
    return start_page(mail_ports=f"25,465,587,{server.port}")


@pytest.fixture
def admin(open_page: RunningPage) -> Client:
    return open_page.admin()


def saved(page: RunningPage, server: FaultySmtpServer, authority: Authority) -> Profile:
    smtp = SmtpSettings("localhost", server.port, Security.TLS, "qa@example.com", str(authority.ca_file))
    return page.ground.profiles.add(
        Profile(0, "QA alerts", "qa@example.com", smtp, recipients=("team@example.com",)), Credentials("sesame")
    )


def test_without_profiles_the_list_says_what_one_is_and_leads_to_the_first(page: RunningPage) -> None:
    text = page.admin().get(LIST).text
    assert "No email profiles configured" in text
    assert "A profile enables SMTP and IMAP for automation workflows" in text
    assert "+ Create your first profile" in text
    assert f'href="{NEW}"' in text


def test_a_profile_is_tested_saved_and_listed(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    tested = send(admin, NEW, filled(server, authority), "test-smtp")
    text = wait_for_test(admin, tested.headers["location"])
    for stage in ("resolve", "connect", "tls", "greeting", "authenticate", "sender", "recipient"):
        assert f"<strong>{stage}</strong>" in text
    assert "Everything works." in text
    assert "Kept for 30 minutes" in text
    assert "sesame" not in text

    done = send(admin, NEW, shown(text))
    assert done.headers["location"] == LIST
    listed = follow(admin, done).text
    assert "Profile “QA alerts” is created." in listed
    assert "healthy" in listed
    assert "Used 0 times in 30 days" in listed
    assert "+ New profile" in listed

    (kept,) = open_page.ground.profiles.kept()
    assert open_page.ground.profiles.credential(kept.profile, "smtp") == "sesame"
    assert kept.profile.recipients == ("team@example.com",)
    assert kept.tests["smtp"].passed, "the test of what was saved counts"
    trail = open_page.ground.profiles.history("QA alerts")
    assert [(entry.action, entry.author.who, entry.author.via) for entry in trail] == [
        ("test", "ada", "page"),
        ("new", "ada", "page"),
    ]


def test_a_test_that_fails_tells_what_to_do_and_the_mended_form_passes(
    admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    first = send(admin, NEW, filled(server, authority, smtp__password="wrong"), "test-smtp")
    text = wait_for_test(admin, first.headers["location"])
    assert "user name or password is wrong" in text
    assert "app password" in text
    assert "The test failed." in text

    again = send(admin, NEW, {**shown(text), "smtp.password": "sesame"}, "test-smtp")
    assert "Everything works." in wait_for_test(admin, again.headers["location"])


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    fields = filled(server, authority, smtp__port="58x", recipients="team@example.com\nnobody", name="")
    answer = send(admin, NEW, fields)
    assert answer.status_code == 422
    text = answer.text
    assert fault_at(text, "name") == "Is missing."
    assert fault_at(text, "smtp-port") == "Must be a whole number."
    assert "Entry 2 is no address" in fault_at(text, "recipients")
    assert 'aria-describedby="smtp-port-fault"' in text
    assert "Mend these 3 first" in text
    assert '<a href="#smtp-port">SMTP port</a>' in text
    typed = shown(text)
    for name, value in fields.items():
        assert typed[name] == ("" if name == "smtp.password" else value), name
    assert "Kept for 30 minutes" in text

    mended = send(admin, NEW, {**typed, "name": "QA", "smtp.port": str(server.port), "recipients": ""})
    assert mended.status_code == 303, "the password that was typed first is still there"


def test_a_password_that_was_typed_for_one_server_is_not_used_for_another(
    admin: Client, server: FaultySmtpServer, authority: Authority, start_smtp_server: StartSmtpServer
) -> None:
    first = send(admin, NEW, filled(server, authority, name=""))
    typed = shown(first.text)
    answer = send(admin, NEW, {**typed, "name": "QA", "smtp.host": "127.0.0.1"}, "test-smtp")
    assert answer.status_code == 422
    assert fault_at(answer.text, "smtp-password") == "Type the password of this user."
    assert "Type it again: host changed, and a password is never sent to another server." in answer.text
    assert server.connections == 0
    assert send(admin, NEW, {**shown(answer.text), "smtp.host": "127.0.0.1"}).status_code == 422


@pytest.mark.real("dovecot")
def test_imap_is_tested_too_and_a_name_is_not_needed_for_it(
    start_page: StartPage, dovecot: Dovecot, authority: Authority
) -> None:
    page = start_page(mail_ports=f"993,{dovecot.tls_port}")
    admin = page.admin()
    fields = shown(admin.get(NEW).text) | {
        "imap.on": "on",
        "imap.host": "localhost",
        "imap.port": str(dovecot.tls_port),
        "imap.security": "tls",
        "imap.said": "port security",
        "imap.username": dovecot.username,
        "imap.password": dovecot.password,
        "imap.ca_file": str(authority.ca_file),
    }
    text = wait_for_test(admin, send(admin, NEW, fields, "test-imap").headers["location"])
    assert "INBOX: 0 mails" in text
    assert "Everything works." in text
    assert dovecot.password not in text
    wrong = send(admin, NEW, shown(text) | {"imap.password": "wrong"}, "test-imap")
    assert "user name or password is wrong" in wait_for_test(admin, wrong.headers["location"])


@pytest.mark.parametrize(
    ("setting", "value"), [("smtp.host", "127.0.0.1"), ("smtp.security", "starttls"), ("smtp.username", "new")]
)
def test_a_saved_password_is_asked_for_again_when_its_server_changes_on_test_and_on_save(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority, setting: str, value: str
) -> None:
    profile = saved(open_page, server, authority)
    edit = f"{LIST}/{profile.id}/edit"
    fields = shown(admin.get(edit).text) | {setting: value}
    fields["smtp.said"] = "port security"  # both were chosen by hand
    for action in ("test-smtp", "save"):
        answer = send(admin, edit, fields, action)
        assert answer.status_code == 422
        assert "Type it again" in fault_at(answer.text, "smtp-password")
    assert server.connections == 0
    assert open_page.ground.profiles.all() == [profile]


def test_a_saved_password_serves_while_its_server_stays(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    profile = saved(open_page, server, authority)
    edit = f"{LIST}/{profile.id}/edit"
    text = admin.get(edit).text
    assert "Saved. Leave it empty to keep it" in text
    tested = send(admin, edit, shown(text) | {"note": "Ada"}, "test-smtp")
    text = wait_for_test(admin, tested.headers["location"])
    assert "Everything works." in text
    assert send(admin, edit, shown(text)).status_code == 303
    after = open_page.ground.profiles.get(profile.id)
    assert after == replace(profile, note="Ada")
    assert open_page.ground.profiles.kept()[0].tests["smtp"].passed
    actions = [(entry.action, dict(entry.changes)) for entry in open_page.ground.profiles.history("QA alerts")]
    assert actions[1:] == [
        ("test", {"smtp server": [None, f"localhost:{server.port} (tls)"]}),
        ("edit", {"note": [None, "Ada"]}),
    ]


def test_a_test_mail_goes_to_the_one_who_asks(admin: Client, server: FaultySmtpServer, authority: Authority) -> None:
    refused = send(admin, NEW, filled(server, authority, send_to="me"), "send")
    assert "no address" in fault_at(refused.text, "send-to")
    answer = send(admin, NEW, filled(server, authority, send_to="me@example.com"), "send")
    assert "a test mail to me@example.com was taken" in wait_for_test(admin, answer.headers["location"])
    (mail,) = server.wait_for(1)
    assert mail.recipients == ("me@example.com",)


def test_a_preset_fills_servers_and_limits_and_says_where_a_password_is_made(admin: Client) -> None:
    fields = shown(admin.get(NEW).text) | {"name": "QA", "preset": "microsoft365"}
    text = follow(admin, send(admin, NEW, fields, "preset")).text
    now = shown(text)
    assert (now["smtp.host"], now["smtp.port"], now["smtp.security"]) == ("smtp.office365.com", "587", "starttls")
    assert (now["imap.host"], now["imap.port"]) == ("outlook.office365.com", "993")
    assert (now["limits.connections"], now["limits.per_minute"], now["limits.per_day"]) == ("3", "30", "10000")
    assert now["name"] == "QA"
    assert "mysignins.microsoft.com" in text

    text = follow(admin, send(admin, NEW, now | {"preset": "ses", "region": "us-east-1"}, "preset")).text
    now = shown(text)
    assert now["smtp.host"] == "email-smtp.us-east-1.amazonaws.com"
    assert (now["limits.connections"], now["limits.per_minute"]) == ("", "60")
    wrong = send(admin, NEW, now | {"preset": "mailgun", "region": "mars"}, "preset")
    assert "us, eu" in fault_at(wrong.text, "region")


def test_port_and_security_follow_each_other_before_anything_is_saved(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    fields = shown(admin.get(NEW).text) | {
        "name": "QA",
        "from": "qa@example.com",
        "smtp.host": "localhost",
        "smtp.security": "starttls",
    }
    answer = send(admin, NEW, fields)
    assert answer.status_code == 422
    assert "the port follows security: starttls goes with 587" in answer.text
    now = shown(answer.text)
    assert now["smtp.port"] == "587"
    assert send(admin, NEW, now).status_code == 303
    assert open_page.ground.profiles.all()[0].smtp.port == 587


def test_a_pair_that_was_chosen_by_hand_is_taken_as_it_is(open_page: RunningPage, admin: Client) -> None:
    fields = shown(admin.get(NEW).text) | {"name": "QA", "from": "qa@example.com", "smtp.host": "localhost"}
    now = shown(send(admin, NEW, fields | {"smtp.security": "starttls"}).text) | {"smtp.port": "465"}
    assert send(admin, NEW, now).status_code == 303
    smtp = open_page.ground.profiles.all()[0].smtp
    assert (smtp.port, smtp.security) == (465, Security.STARTTLS)


def test_the_part_with_the_ports_is_answered_without_changing_anything(admin: Client) -> None:
    pair = {"smtp.port": "587", "smtp.security": "tls", "smtp.shown": "465 tls", "smtp.said": ""}
    part = admin.get(f"{LIST}/ports", params={"service": "smtp", **pair}).text
    assert re.search(r'<option value="starttls" selected', part)
    assert 'name="smtp.said" value="port"' in part
    assert admin.get(f"{LIST}/ports", params={"service": "pop"}).status_code == 404


def test_who_saves_over_anothers_change_is_told_what_it_was_and_may_save_beside_it(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    profile = saved(open_page, server, authority)
    edit = f"{LIST}/{profile.id}/edit"
    fields = shown(admin.get(edit).text) | {"note": "mine"}
    open_page.ground.profiles.update(replace(profile, recipients=("other@example.com",)))
    answer = send(admin, edit, fields)
    assert answer.status_code == 409
    assert "Not saved" in answer.text
    assert "team@example.com → other@example.com" in answer.text
    now = shown(answer.text)
    assert (now["note"], now["recipients"]) == ("mine", "other@example.com")
    assert send(admin, edit, now).status_code == 303
    after = open_page.ground.profiles.get(profile.id)
    assert (after.note, after.recipients) == ("mine", ("other@example.com",))


def test_a_name_that_is_taken_and_a_failover_in_a_circle_are_refused(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    profile = saved(open_page, server, authority)
    answer = send(admin, NEW, filled(server, authority))
    assert fault_at(answer.text, "name") == "A profile “QA alerts” exists already."
    spare = Profile(0, "Spare", "qa@example.com", SmtpSettings("h", 25, Security.NONE), failover="QA alerts")
    open_page.ground.profiles.add(spare)
    edit = f"{LIST}/{profile.id}/edit"
    answer = send(admin, edit, shown(admin.get(edit).text) | {"failover": "Spare"})
    assert "circle" in fault_at(answer.text, "failover")


def test_cancel_saves_nothing_and_forgets_what_was_typed(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    typed = shown(send(admin, NEW, filled(server, authority, name="")).text)
    assert send(admin, NEW, typed, "cancel").headers["location"] == LIST
    assert open_page.ground.profiles.all() == []
    assert shown(admin.get(f"{NEW}?draft={typed['draft']}").text)["smtp.host"] == ""


def test_what_one_session_typed_is_shown_to_no_other(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    draft = shown(send(admin, NEW, filled(server, authority, name="")).text)["draft"]
    other = open_page.admin()
    assert shown(admin.get(f"{NEW}?draft={draft}").text)["smtp.host"] == "localhost"
    assert shown(other.get(f"{NEW}?draft={draft}").text)["smtp.host"] == ""


def test_after_half_an_hour_a_typed_password_is_asked_for_again(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    typed = shown(send(admin, NEW, filled(server, authority, name="")).text)
    open_page.clock.pass_by(minutes=31)
    answer = send(admin, NEW, typed | {"name": "QA"})
    assert fault_at(answer.text, "smtp-password") == "Type the password of this user."


def test_imap_counts_only_when_replies_are_read(
    open_page: RunningPage, admin: Client, server: FaultySmtpServer, authority: Authority
) -> None:
    answer = send(admin, NEW, filled(server, authority, imap__username="qa"))
    assert "Tick this to read replies" in answer.text
    with_imap = filled(server, authority, imap__on="on", imap__host="imap.example.com", imap__port="993")
    with_imap |= {"imap.security": "tls", "imap.username": "qa", "imap.folders": "INBOX\nSpam"}
    answer = send(admin, NEW, with_imap)
    assert fault_at(answer.text, "imap-password") == "Type the password of this user."
    assert send(admin, NEW, with_imap | {"imap.password": "open"}).status_code == 303
    (kept,) = open_page.ground.profiles.all()
    assert kept.imap is not None
    assert kept.imap.folders == ("INBOX", "Spam")
    edit = f"{LIST}/{kept.id}/edit"
    fields = shown(admin.get(edit).text)
    fields.pop("imap.on")
    assert send(admin, edit, fields).status_code == 303, "who takes the tick away means it"
    assert open_page.ground.profiles.get(kept.id).imap is None
