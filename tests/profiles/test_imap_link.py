"""Opening a mailbox: against Dovecot for what is right, against a server that misbehaves for what is not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from profiles.errors import TransientMailError
from profiles.imap_link import ImapLink, greet, log_in, open_imap
from profiles.profile import ImapSettings, Security
from profiles.reach import Reach, Reached
from profiles.verbs import Verb
from tests.rig.authority import HOST, Authority
from tests.rig.dovecot import Dovecot
from tests.rig.fixtures import StartImapServer
from tests.rig.imap_server import FaultyImapServer

USER = "qa@example.com"
HERE = Reach(resolver=lambda host, port: ["127.0.0.1"])


def settings_for(
    server: FaultyImapServer | Dovecot,
    authority: Authority | None = None,
    *,
    security: str = "none",
    username: str | None = USER,
) -> ImapSettings:
    port = server.tls_port if isinstance(server, Dovecot) and security == "tls" else server.port
    ca_file = str(authority.ca_file) if authority else None
    return ImapSettings(HOST, port, Security(security), username, ca_file)


def failure_of(settings: ImapSettings, credential: str = "sesame", seconds: float = 3.0) -> TransientMailError:
    with pytest.raises(TransientMailError) as caught:
        open_imap(settings, credential, reach=HERE, seconds=seconds).close()
    return caught.value


@pytest.mark.real("dovecot")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_mailbox_opens_over_verified_tls(dovecot: Dovecot, authority: Authority, security: str) -> None:
    link = open_imap(settings_for(dovecot, authority, security=security), dovecot.password, reach=HERE)
    assert link.certificate is not None
    assert "Rig authority" in link.certificate.issuer
    assert link.select_folder("INBOX", readonly=True)[b"EXISTS"] == 0
    link.idle()
    assert link.idle_check(timeout=0.01) == []
    link.idle_done()
    link.close()


@pytest.mark.real("dovecot")
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_server_of_an_unknown_authority_gets_no_password(dovecot: Dovecot, security: str) -> None:
    error = failure_of(settings_for(dovecot, security=security), dovecot.password)
    assert (error.reason, error.verb) == ("certificate_untrusted", Verb.TLS)


@pytest.mark.real("dovecot")
def test_no_password_and_no_mail_reaches_a_log(
    dovecot: Dovecot, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = open_imap(settings_for(dovecot, authority, security="tls"), dovecot.password, reach=HERE)
    said = caplog.text
    link.append("INBOX", b"Subject: x\n\nwhat somebody wrote\n")
    caplog.clear()
    link.select_folder("INBOX", readonly=True)
    (mail,) = link.fetch([1], ["BODY.PEEK[]"]).values()
    link.close()
    assert b"what somebody wrote" in mail[b"BODY[]"]
    said += caplog.text
    assert said
    assert dovecot.password not in said
    assert "what somebody wrote" not in said
    assert "sesame" not in said


@pytest.mark.parametrize("reason", ["certificate_expired", "certificate_wrong_host"])
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_bad_certificate_is_named(
    start_imap_server: StartImapServer, authority: Authority, security: str, reason: str
) -> None:
    contexts: dict[str, Callable[[], Any]] = {
        "certificate_expired": authority.expired_context,
        "certificate_wrong_host": authority.wrong_host_context,
    }
    server = start_imap_server(security=security, context=contexts[reason]())
    error = failure_of(settings_for(server, authority, security=security))
    assert (error.reason, error.verb) == (reason, Verb.TLS)
    assert not any(b"LOGIN" in line for line in server.lines)


def test_a_server_without_starttls_gets_no_password(start_imap_server: StartImapServer, authority: Authority) -> None:
    server = start_imap_server(security="none")
    error = failure_of(settings_for(server, authority, security="starttls"))
    assert (error.reason, error.verb) == ("starttls_missing", Verb.STARTTLS)
    assert not any(b"LOGIN" in line for line in server.lines)


@pytest.mark.fault(verb="GREETING", kind="preauth")
def test_a_greeting_that_skips_starttls_is_refused(start_imap_server: StartImapServer, authority: Authority) -> None:
    server = start_imap_server(security="starttls", context=authority.server_context())
    assert failure_of(settings_for(server, authority, security="starttls")).verb is Verb.STARTTLS


@pytest.mark.fault(verb="STARTTLS", kind="injected")
def test_plain_text_injected_before_tls_is_not_believed(
    start_imap_server: StartImapServer, authority: Authority
) -> None:
    server = start_imap_server(security="starttls", context=authority.server_context())
    link = open_imap(settings_for(server, authority, security="starttls"), "sesame", reach=HERE)
    assert not link.has_capability("INJECTED")
    assert link.encrypted
    link.close()


def test_tls_to_a_port_that_speaks_plain_text_says_so(start_imap_server: StartImapServer, authority: Authority) -> None:
    error = failure_of(settings_for(start_imap_server(), authority, security="tls"))
    assert (error.reason, error.verb) == ("tls_not_spoken", Verb.TLS)


def test_a_user_without_a_password_is_an_error(start_imap_server: StartImapServer) -> None:
    assert failure_of(settings_for(start_imap_server()), "").reason == "credential_missing"


@pytest.mark.parametrize(("address", "logged_in"), [("127.0.0.1", True), ("192.0.2.7", False)])
def test_plain_text_logs_in_on_loopback_alone(
    start_imap_server: StartImapServer, address: str, logged_in: bool
) -> None:
    server = start_imap_server()
    settings = settings_for(server)
    connected = HERE.connect(("127.0.0.1",), server.port, 3)
    link = greet(Reached(connected.socket, address), settings, 3)
    try:
        if logged_in:
            assert log_in(link, settings, "sesame") == "login"
        else:
            with pytest.raises(TransientMailError) as caught:
                log_in(link, settings, "sesame")
            assert caught.value.reason == "authentication_without_tls"
    finally:
        link.close()
    assert any(b"LOGIN" in line for line in server.lines) == logged_in


@pytest.mark.parametrize("user", ["qa\r\nA1 DELETE INBOX", "qa\n", "qä", "qa\x00"])
def test_a_user_that_carries_a_command_never_reaches_the_wire(start_imap_server: StartImapServer, user: str) -> None:
    server = start_imap_server()
    error = failure_of(settings_for(server, username=user))
    assert error.reason == "credential_unusable"
    assert not any(b"DELETE" in line or b" LOGIN " in line for line in server.lines)


def test_a_user_with_quotes_and_blanks_stays_one_argument(start_imap_server: StartImapServer) -> None:
    server = start_imap_server(user=r"q\"a b\\", password=r"p\" w")
    link = open_imap(settings_for(server, username='q"a b\\'), 'p" w', reach=HERE)
    link.close()
    assert any(line.endswith(rb' LOGIN "q\"a b\\" "p\" w"') for line in server.lines)


def test_a_server_that_forbids_logins_here_is_named(start_imap_server: StartImapServer) -> None:
    server = start_imap_server(capabilities="IDLE LOGINDISABLED")
    assert failure_of(settings_for(server)).reason == "authentication_not_offered"


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(expected, id=f"{fault['verb']} {fault['kind']}", marks=pytest.mark.fault(**fault))
        for fault, expected in [
            ({"verb": "GREETING", "kind": "bye"}, ("greeting_refused", Verb.GREETING)),
            ({"verb": "GREETING", "kind": "drop"}, ("connection_lost", Verb.GREETING)),
            ({"verb": "GREETING", "kind": "hang"}, ("timed_out", Verb.GREETING)),
            ({"verb": "GREETING", "kind": "garbage"}, ("malformed_reply", Verb.GREETING)),
            ({"verb": "GREETING", "kind": "literal"}, ("malformed_reply", Verb.GREETING)),
            ({"verb": "CAPABILITY", "kind": "endless"}, ("malformed_reply", Verb.GREETING)),
            ({"verb": "LOGIN", "kind": "no"}, ("authentication_refused", Verb.AUTH)),
            ({"verb": "LOGIN", "kind": "no", "text": "[UNAVAILABLE] no"}, ("service_unavailable", Verb.AUTH)),
            ({"verb": "LOGIN", "kind": "drop"}, ("connection_lost", Verb.AUTH)),
            ({"verb": "LOGIN", "kind": "bye"}, ("connection_lost", Verb.AUTH)),
            ({"verb": "LOGIN", "kind": "hang"}, ("timed_out", Verb.AUTH)),
            ({"verb": "LOGIN", "kind": "literal"}, ("malformed_reply", Verb.AUTH)),
        ]
    ],
)
def test_every_fault_has_its_name(start_imap_server: StartImapServer, expected: tuple[str, Verb]) -> None:
    seconds = 0.4 if expected[0] == "timed_out" else 10.0
    error = failure_of(settings_for(start_imap_server()), seconds=seconds)
    assert (error.reason, error.verb) == expected
    assert error.answer.isprintable()


@pytest.mark.fault(verb="GREETING", kind="literal")
def test_an_announced_flood_is_not_waited_for(start_imap_server: StartImapServer) -> None:
    server = start_imap_server()
    assert failure_of(settings_for(server)).reason == "malformed_reply"
    assert server.flooded < 30_000_000, "of 300 MB, what fits into buffers on the way"


@pytest.mark.fault(verb="IDLING", kind="slow", seconds=0.5)
def test_an_idle_may_be_silent_for_longer_than_a_command(start_imap_server: StartImapServer) -> None:
    link = open_imap(settings_for(start_imap_server()), "sesame", reach=HERE, seconds=0.2)
    link.select_folder("INBOX", readonly=True)
    link.idle()
    assert link.idle_check(timeout=5) == [(1, b"EXISTS")]
    link.idle_done()
    link.close()


def test_a_link_closes_when_the_server_no_longer_answers(start_imap_server: StartImapServer) -> None:
    server = start_imap_server()
    server.faults.add("LOGOUT", "hang")
    link: ImapLink = open_imap(settings_for(server), "sesame", reach=HERE, seconds=0.2)
    link.close()
    with pytest.raises(OSError, match=r".*"):
        link.socket().getpeername()
