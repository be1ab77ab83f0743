"""The kept SMTP connection against a server that keeps records and misbehaves as declared."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.addresses import UnusableAddress, read_address
from profiles.errors import MailError, PermanentMailError, TransientMailError
from profiles.profile import Profile, Security, SmtpSettings
from profiles.reach import Reach, Reached
from profiles.smtp_link import SmtpLink
from profiles.verbs import Verb
from tests.rig.authority import HOST, Authority
from tests.rig.fixtures import StartSmtpServer
from tests.rig.smtp_server import FaultySmtpServer

SENDER = "qa@example.com"
TEAM = "team@example.com"
MESSAGE = b"Subject: hello\r\n\r\n.a dot\r\n..two\r\nend\r\n"
USERS = {SENDER: "sesame"}

#: The name server of these tests: every name is this machine.
HERE = Reach(resolver=lambda host, port: ["127.0.0.1"])


def profile_for(
    server: FaultySmtpServer,
    authority: Authority | None = None,
    *,
    host: str = HOST,
    security: str | None = None,
    username: str | None = None,
) -> Profile:
    return Profile(
        id=1,
        name="QA alerts",
        from_address=SENDER,
        smtp=SmtpSettings(
            host=host,
            port=server.port,
            security=Security(security or server.security),
            username=username,
            ca_file=str(authority.ca_file) if authority else None,
        ),
    )


async def open_link(profile: Profile, credential: str | None = None, **options: Any) -> SmtpLink:
    return await SmtpLink.open(profile, credential, **{"reach": HERE, "seconds": 2.0, **options})


async def send(link: SmtpLink, recipient: str = TEAM, message: bytes = MESSAGE) -> None:
    await link.mail_from(SENDER, len(message))
    await link.rcpt_to(recipient)
    answer = await link.data(message)
    assert answer.code == 250


async def until(happened: Callable[[], bool]) -> None:
    """Wait at most five seconds for something to happen."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 (there is no event to wait for: usable is what is being tested)
            await asyncio.sleep(0.005)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def failure_of(profile: Profile, credential: str | None = None, *, sent: bool = True, **options: Any) -> MailError:
    """Open a link and, when that goes well, send a mail; return the failure that one of them ends in."""

    async def work() -> MailError:
        link = None
        try:
            link = await open_link(profile, credential, **options)
            if sent:
                await send(link)
        except MailError as error:
            return error
        finally:
            if link:
                link.close()
        raise AssertionError("nothing went wrong")

    return asyncio.run(work())


def test_one_link_carries_several_mails(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        await send(link)
        await send(link, "other@example.com")
        assert link.usable
        await link.quit()
        assert not link.usable

    run(work)
    one, two = smtp_server.wait_for(2)
    assert (one.sender, one.recipients, one.message) == (SENDER, (TEAM,), MESSAGE)
    assert two.recipients == ("other@example.com",)
    assert smtp_server.connections == 1
    assert smtp_server.verbs[-1] == "QUIT"
    assert b"MAIL FROM:<qa@example.com> SIZE=%d" % len(MESSAGE) in smtp_server.lines


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_protected_link_logs_in_and_sends(
    start_smtp_server: StartSmtpServer, authority: Authority, security: str
) -> None:
    server = start_smtp_server(security=security, context=authority.server_context(), users=USERS)

    async def work() -> None:
        link = await open_link(profile_for(server, authority, username=SENDER), "sesame")
        assert link.certificate is not None
        assert "Rig authority" in link.certificate.issuer
        assert link.certificate.protocol in ("TLSv1.2", "TLSv1.3")
        await send(link, message=b"Subject: x\r\n\r\n" + b"long line\r\n" * 50_000)
        await link.quit()

    run(work)
    [mail] = server.wait_for(1)
    assert (mail.user, mail.encrypted, len(mail.message)) == (SENDER, True, 14 + 11 * 50_000)
    assert server.auth_count == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_each_mechanism_logs_in(start_smtp_server: StartSmtpServer, authority: Authority, mechanism: str) -> None:
    server = start_smtp_server(
        security="tls", context=authority.server_context(), users={SENDER: "sésame ☂"}, mechanisms=[mechanism]
    )

    async def work() -> None:
        link = await open_link(profile_for(server, authority, username=SENDER), "sésame ☂")
        await send(link)
        link.close()

    run(work)
    assert server.wait_for(1)[0].user == SENDER


def test_a_wrong_password_is_tried_once_with_one_mechanism(
    start_smtp_server: StartSmtpServer, authority: Authority
) -> None:
    server = start_smtp_server(
        security="tls",
        context=authority.server_context(),
        users=USERS,
        mechanisms=["CRAM-MD5", "LOGIN", "PLAIN"],
    )
    error = failure_of(profile_for(server, authority, username=SENDER), "wrong")
    assert isinstance(error, TransientMailError)
    assert (error.reason, error.verb, error.code, error.status) == (
        "authentication_refused",
        Verb.AUTH,
        535,
        "5.7.8",
    )
    assert "wrong" not in str(error)
    assert server.auth_count == 1


def test_a_server_without_a_known_mechanism_is_named(start_smtp_server: StartSmtpServer, authority: Authority) -> None:
    server = start_smtp_server(security="tls", context=authority.server_context(), users=USERS, mechanisms=["GSSAPI"])
    error = failure_of(profile_for(server, authority, username=SENDER), "sesame")
    assert error.reason == "authentication_not_offered"
    assert server.auth_count == 0


def test_a_user_without_a_password_does_not_send_unauthenticated(smtp_server: FaultySmtpServer) -> None:
    error = failure_of(profile_for(smtp_server, username=SENDER), "")
    assert error.reason == "credential_missing"
    assert "MAIL" not in smtp_server.verbs


@pytest.mark.parametrize(("address", "logged_in"), [("127.0.0.1", True), ("192.0.2.7", False)])
def test_plain_text_logs_in_on_loopback_alone(
    start_smtp_server: StartSmtpServer, address: str, logged_in: bool
) -> None:
    server = start_smtp_server(users=USERS)

    async def work() -> str | None:
        connected = socket.create_connection((server.host, server.port))
        connected.setblocking(False)
        settings = profile_for(server, username=SENDER).smtp
        link = await SmtpLink.over(Reached(connected, address), settings, seconds=2)
        try:
            await link.greet()
            await link.hello()
            return await link.log_in("sesame")
        finally:
            link.close()

    if logged_in:
        assert asyncio.run(work()) == "plain"
    else:
        with pytest.raises(TransientMailError) as caught:
            asyncio.run(work())
        assert caught.value.reason == "authentication_without_tls"
    assert server.auth_count == logged_in


CERTIFICATES = {
    "certificate_expired": Authority.expired_context,
    "certificate_wrong_host": Authority.wrong_host_context,
}


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("reason", CERTIFICATES)
def test_a_bad_certificate_is_named_and_nothing_is_sent(
    start_smtp_server: StartSmtpServer, authority: Authority, security: str, reason: str
) -> None:
    server = start_smtp_server(security=security, context=CERTIFICATES[reason](authority), users=USERS)
    error = failure_of(profile_for(server, authority, username=SENDER), "sesame")
    assert isinstance(error, TransientMailError)
    assert (error.reason, error.verb) == (reason, Verb.TLS)
    assert server.auth_count == 0


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_unknown_authority_is_not_trusted(
    start_smtp_server: StartSmtpServer, authority: Authority, unknown_authority: Authority, security: str
) -> None:
    server = start_smtp_server(security=security, context=unknown_authority.server_context(), users=USERS)
    assert failure_of(profile_for(server, authority), sent=False).reason == "certificate_untrusted"
    assert failure_of(profile_for(server), sent=False).reason == "certificate_untrusted", "without a CA file"


def test_a_host_given_as_an_address_is_verified_as_one(
    start_smtp_server: StartSmtpServer, authority: Authority
) -> None:
    good = start_smtp_server(security="tls", context=authority.server_context("127.0.0.1"))
    bad = start_smtp_server(security="tls", context=authority.server_context("127.0.0.2"))

    async def work() -> None:
        link = await open_link(profile_for(good, authority, host="127.0.0.1"))
        await link.quit()

    run(work)
    assert failure_of(profile_for(bad, authority, host="127.0.0.1")).reason == "certificate_wrong_host"


def test_a_missing_ca_file_is_named(start_smtp_server: StartSmtpServer, authority: Authority) -> None:
    server = start_smtp_server(security="tls", context=authority.server_context())
    profile = Profile(1, "x", SENDER, SmtpSettings(HOST, server.port, Security.TLS, ca_file="/nowhere/ca.pem"))
    assert failure_of(profile).reason == "ca_file_unusable"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.skipif(not ssl.HAS_TLSv1_1, reason="this OpenSSL speaks no TLS 1.1")
def test_tls_older_than_1_2_is_refused(start_smtp_server: StartSmtpServer, authority: Authority) -> None:
    server = start_smtp_server(security="tls", context=authority.server_context(newest=ssl.TLSVersion.TLSv1_1))
    assert failure_of(profile_for(server, authority)).reason in ("tls_too_old", "tls_refused")


@pytest.mark.fault(verb="STARTTLS", kind="stripped")
def test_a_stripped_starttls_ends_the_session_before_the_login(
    start_smtp_server: StartSmtpServer, authority: Authority
) -> None:
    server = start_smtp_server(security="starttls", context=authority.server_context(), users=USERS)
    error = failure_of(profile_for(server, authority, username=SENDER), "sesame")
    assert (error.reason, error.verb) == ("starttls_missing", Verb.STARTTLS)
    assert server.verbs == ["EHLO"]


@pytest.mark.fault(verb="STARTTLS", kind="injected")
def test_plain_text_injected_before_tls_is_not_believed(
    start_smtp_server: StartSmtpServer, authority: Authority
) -> None:
    server = start_smtp_server(security="starttls", context=authority.server_context(), users=USERS)

    async def work() -> None:
        link = await open_link(profile_for(server, authority, username=SENDER), "sesame")
        assert link.mechanisms == ("plain", "login"), "what TLS said, not what was injected"
        await send(link)
        await link.quit()

    run(work)
    assert server.wait_for(1)[0].encrypted


@pytest.mark.fault(verb="STARTTLS", kind="plain")
def test_plain_text_instead_of_tls_is_refused(start_smtp_server: StartSmtpServer, authority: Authority) -> None:
    server = start_smtp_server(security="starttls", context=authority.server_context())
    error = failure_of(profile_for(server, authority))
    assert (error.reason, error.verb) == ("tls_not_spoken", Verb.TLS)


@pytest.mark.fault(verb="STARTTLS", kind="4xx", code=454, text="4.7.0 TLS not available")
def test_a_refused_starttls_is_named(start_smtp_server: StartSmtpServer, authority: Authority) -> None:
    server = start_smtp_server(security="starttls", context=authority.server_context())
    error = failure_of(profile_for(server, authority))
    assert (error.reason, error.verb, error.code) == ("tls_refused", Verb.STARTTLS, 454)


def test_tls_to_a_port_that_speaks_plain_text_says_so(smtp_server: FaultySmtpServer, authority: Authority) -> None:
    error = failure_of(profile_for(smtp_server, authority, security="tls"))
    assert (error.reason, error.verb) == ("tls_not_spoken", Verb.TLS)


def test_plain_text_to_a_port_that_speaks_tls_times_out_at_the_greeting(
    start_smtp_server: StartSmtpServer, authority: Authority
) -> None:
    server = start_smtp_server(security="tls", context=authority.server_context())
    error = failure_of(profile_for(server, authority, security="starttls"), seconds=0.3)
    assert (error.reason, error.verb) == ("timed_out", Verb.GREETING)


def declared(*cases: tuple[str, dict[str, Any], tuple[type[MailError], str, Verb]]) -> Any:
    """Make a parametrised test of which every case declares its fault on itself."""
    return pytest.mark.parametrize(
        "expected",
        [pytest.param(expected, id=name, marks=pytest.mark.fault(**fault)) for name, fault, expected in cases],
    )


T, P = TransientMailError, PermanentMailError


@declared(
    ("banner 5xx", {"verb": "BANNER", "kind": "5xx", "code": 554}, (T, "greeting_refused", Verb.GREETING)),
    ("banner 421", {"verb": "BANNER", "kind": "421"}, (T, "service_closing", Verb.GREETING)),
    ("banner drop", {"verb": "BANNER", "kind": "drop"}, (T, "connection_lost", Verb.GREETING)),
    ("banner hang", {"verb": "BANNER", "kind": "hang"}, (T, "timed_out", Verb.GREETING)),
    ("banner garbage", {"verb": "BANNER", "kind": "garbage"}, (T, "malformed_reply", Verb.GREETING)),
    ("endless banner", {"verb": "BANNER", "kind": "endless"}, (T, "malformed_reply", Verb.GREETING)),
    ("ehlo 5xx", {"verb": "EHLO", "kind": "5xx"}, (T, "ehlo_refused", Verb.EHLO)),
    ("ehlo long", {"verb": "EHLO", "kind": "long_reply"}, (T, "malformed_reply", Verb.EHLO)),
    ("mail 4xx", {"verb": "MAIL", "kind": "4xx"}, (T, "sender_deferred", Verb.MAIL)),
    ("mail 5xx", {"verb": "MAIL", "kind": "5xx"}, (P, "sender_refused", Verb.MAIL)),
    ("mail drop", {"verb": "MAIL", "kind": "drop"}, (T, "connection_lost", Verb.MAIL)),
    ("mail hang", {"verb": "MAIL", "kind": "hang"}, (T, "timed_out", Verb.MAIL)),
    ("rcpt 4xx", {"verb": "RCPT", "kind": "4xx"}, (T, "recipient_deferred", Verb.RCPT)),
    ("rcpt 5xx", {"verb": "RCPT", "kind": "5xx"}, (P, "recipient_refused", Verb.RCPT)),
    ("rcpt long", {"verb": "RCPT", "kind": "long_reply"}, (T, "malformed_reply", Verb.RCPT)),
    ("rcpt garbage", {"verb": "RCPT", "kind": "garbage"}, (T, "malformed_reply", Verb.RCPT)),
    ("data 421", {"verb": "DATA", "kind": "421"}, (T, "service_closing", Verb.DATA)),
    ("data 5xx", {"verb": "DATA", "kind": "5xx", "code": 554}, (P, "message_refused", Verb.DATA)),
    ("data drop", {"verb": "DATA", "kind": "drop"}, (T, "connection_lost", Verb.DATA)),
    ("data hang", {"verb": "DATA", "kind": "hang"}, (T, "timed_out", Verb.DATA)),
    ("dot 4xx", {"verb": "DOT", "kind": "4xx"}, (T, "message_deferred", Verb.DOT)),
    ("dot 5xx", {"verb": "DOT", "kind": "5xx", "code": 554}, (P, "message_refused", Verb.DOT)),
    ("dot 421", {"verb": "DOT", "kind": "421"}, (T, "service_closing", Verb.DOT)),
    ("dot drop", {"verb": "DOT", "kind": "drop"}, (T, "answer_lost", Verb.DOT)),
    ("dot drop, taken", {"verb": "DOT", "kind": "drop", "taken": True}, (T, "answer_lost", Verb.DOT)),
    ("dot hang", {"verb": "DOT", "kind": "hang"}, (T, "answer_lost", Verb.DOT)),
    ("dot garbage", {"verb": "DOT", "kind": "garbage"}, (T, "answer_lost", Verb.DOT)),
    ("dot endless", {"verb": "DOT", "kind": "endless"}, (T, "answer_lost", Verb.DOT)),
    ("body drop", {"verb": "BODY", "kind": "drop"}, (T, "answer_lost", Verb.DOT)),
)
def test_every_fault_has_its_name_and_its_kind(
    smtp_server: FaultySmtpServer, expected: tuple[type[MailError], str, Verb]
) -> None:
    error = failure_of(profile_for(smtp_server), seconds=0.4)
    assert (type(error), error.reason, error.verb) == expected


@pytest.mark.fault(verb="BODY", kind="drop")
def test_a_long_message_cut_off_before_its_dot_is_known_not_to_be_taken(
    smtp_server: FaultySmtpServer,
) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        with pytest.raises(TransientMailError) as caught:
            await send(link, message=b"Subject: x\r\n\r\n" + b"and so on\r\n" * 2_000_000)
        assert (caught.value.reason, caught.value.verb) == ("connection_lost", Verb.DATA)

    run(work)


@pytest.mark.fault(verb="RCPT", kind="5xx", recipient="gone@example.com", code=550, text="5.1.1 unknown")
def test_a_refused_recipient_leaves_the_link_good_for_the_next(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        with pytest.raises(PermanentMailError) as caught:
            await send(link, "gone@example.com")
        assert (caught.value.reason, caught.value.answer) == ("recipient_unknown", "unknown")
        await send(link)
        link.close()

    run(work)
    [mail] = smtp_server.wait_for(1)
    assert mail.recipients == (TEAM,)
    assert smtp_server.connections == 1


@pytest.mark.fault(verb="DOT", kind="5xx", times=1)
def test_a_refused_message_leaves_the_link_good_for_the_next(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        with pytest.raises(PermanentMailError):
            await send(link)
        assert link.usable
        await send(link)
        link.close()

    run(work)
    assert len(smtp_server.wait_for(1)) == 1


@pytest.mark.fault(verb="KEPT", kind="421")
def test_a_link_the_server_gave_up_is_seen_before_the_next_mail(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        await send(link)
        await until(lambda: not link.usable)

    run(work)


@pytest.mark.fault(verb="DOT", kind="hang")
def test_a_cancelled_mail_makes_its_link_useless(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server), seconds=30)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await send(link)
        assert not link.usable

    run(work)


def test_the_server_is_told_what_ehlo_was_given(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        for name in ("worker-1.example.com", ""):
            link = await open_link(profile_for(smtp_server), local_hostname=name)
            await link.quit()

    run(work)
    said = [line.decode() for line in smtp_server.lines if line.startswith(b"EHLO")]
    assert said[0] == "EHLO worker-1.example.com"
    assert said[1] == "EHLO [127.0.0.1]" or "." in said[1]


@pytest.mark.parametrize("name", ["a b", "a\r\nRSET", "x>", "-"])
def test_a_host_name_that_would_break_the_line_is_refused(smtp_server: FaultySmtpServer, name: str) -> None:
    error = failure_of(profile_for(smtp_server), local_hostname=name)
    assert error.reason == "local_hostname_unusable"
    assert smtp_server.lines == []


INJECTIONS = [
    '"a\r\nRSET\r\n"@example.org',
    "u@x> ORCPT=rfc822;v <e@v",
    "u@x.org>\r\nRCPT TO:<v@y.org",
    "u@x.org SIZE=1",
    "<u@x.org>",
    "u@x.org\x00",
    "u@[127.0.0.1]",
    "",
]


@pytest.mark.parametrize("address", INJECTIONS, ids=ascii)
def test_an_address_that_carries_more_than_itself_never_reaches_the_wire(
    smtp_server: FaultySmtpServer, address: str
) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        before = list(smtp_server.lines)
        with pytest.raises(PermanentMailError) as caught:
            await link.mail_from(address, 1)
        assert caught.value.reason == "address_unusable"
        with pytest.raises(PermanentMailError):
            await link.rcpt_to(address)
        assert smtp_server.lines == before
        link.close()

    run(work)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.emails(), st.text(max_size=20), st.from_regex(r"[!-~]{1,9}@[a-z.-]{1,9}", fullmatch=True)))
def test_an_address_survives_the_wire_verbatim_or_never_gets_there(smtp_server: FaultySmtpServer, text: str) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        await link.mail_from(SENDER, 1)
        try:
            wire = read_address(text).wire
        except UnusableAddress:
            with pytest.raises(PermanentMailError):
                await link.rcpt_to(text)
            assert smtp_server.lines[-1].startswith(b"MAIL")
        else:
            await link.rcpt_to(text)
            assert smtp_server.lines[-1] == b"RCPT TO:<" + wire.encode("ascii") + b">"
        link.close()

    run(work)


@pytest.mark.parametrize(
    ("message", "arrives"),
    [
        (b"S: x\r\n\r\na\n.\nb", b"S: x\r\n\r\na\r\n.\r\nb\r\n"),
        (b"S: x\r\n\r\na\r.\rMAIL FROM:<e@v>", b"S: x\r\n\r\na\r\n.\r\nMAIL FROM:<e@v>\r\n"),
        (b".\r\n", b".\r\n"),
        (b"\r\n..\r\n", b"\r\n..\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_no_line_of_a_message_ends_it_early(smtp_server: FaultySmtpServer, message: bytes, arrives: bytes) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        await send(link, message=message)
        link.close()

    run(work)
    assert [mail.message for mail in smtp_server.wait_for(1)] == [arrives]


def test_a_message_with_eight_bit_characters_is_refused_here(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        link = await open_link(profile_for(smtp_server))
        await link.mail_from(SENDER, 1)
        await link.rcpt_to(TEAM)
        with pytest.raises(PermanentMailError) as caught:
            await link.data("Subject: ü\r\n\r\n".encode())
        assert caught.value.reason == "message_unusable"
        link.close()

    run(work)
    assert "DATA" not in smtp_server.verbs
