"""Connection tests: stage by stage, with the words a person needs, and without sending a mail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from profiles.imap_check import check_imap
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.reach import Reach
from profiles.smtp_check import check_smtp
from profiles.stages import DAY_MILLISECONDS, Outcome, Stage, summarize
from tests.rig.authority import HOST, Authority
from tests.rig.dovecot import Dovecot
from tests.rig.exim import Exim
from tests.rig.fixtures import StartImapServer, StartSmtpServer
from tests.rig.smtp_server import FaultySmtpServer

USER = "qa@example.com"
NOW = time.time_ns() // 1_000_000
HERE = Reach(resolver=lambda host, port: ["127.0.0.1"])


async def gather(stages: AsyncIterator[Stage]) -> list[Stage]:
    return [stage async for stage in stages]


def smtp_stages(profile: Profile, credential: str | None, **options: Any) -> list[Stage]:
    options = {"now": NOW, "reach": HERE, "seconds": 3.0, **options}
    return asyncio.run(gather(check_smtp(profile, credential, **options)))


def imap_stages(settings: ImapSettings, credential: str | None, **options: Any) -> list[Stage]:
    return list(check_imap(settings, credential, **{"now": NOW, "reach": HERE, "seconds": 3.0, **options}))


def told(stages: list[Stage]) -> list[tuple[str, str]]:
    return [(stage.name, stage.outcome.value) for stage in stages]


def of_exim(exim: Exim, authority: Authority, security: Security) -> Profile:
    port = exim.tls_port if security is Security.TLS else exim.port
    settings = SmtpSettings(HOST, port, security, exim.username, str(authority.ca_file))
    return Profile(1, "QA alerts", USER, settings, recipients=("team@example.com",))


def of_server(server: FaultySmtpServer, authority: Authority | None = None, username: str | None = None) -> Profile:
    ca_file = str(authority.ca_file) if authority else None
    settings = SmtpSettings(HOST, server.port, Security(server.security), username, ca_file)
    return Profile(1, "QA alerts", USER, settings, recipients=("team@example.com",))


@pytest.mark.real("exim")
def test_every_stage_of_a_good_smtp_server_is_told(exim: Exim, authority: Authority) -> None:
    stages = smtp_stages(of_exim(exim, authority, Security.TLS), exim.password)
    names = ["resolve", "connect", "tls", "greeting", "authenticate", "sender", "recipient"]
    assert told(stages) == [(name, "ok") for name in names]
    tls = stages[2]
    assert "TLSv1." in tls.said
    assert "Rig authority" in tls.said
    assert tls.certificate_expires is not None
    assert tls.certificate_expires > NOW
    assert "no mail was sent" in stages[-1].said
    assert exim.home.messages() == []


@pytest.mark.real("exim")
def test_with_starttls_the_greeting_comes_first(exim: Exim, authority: Authority) -> None:
    stages = smtp_stages(of_exim(exim, authority, Security.STARTTLS), exim.password)
    assert [stage.name for stage in stages][2:4] == ["greeting", "tls"]
    assert {stage.outcome for stage in stages} == {Outcome.OK}


@pytest.mark.real("exim")
def test_a_wrong_password_is_told_with_what_to_do(exim: Exim, authority: Authority) -> None:
    last = smtp_stages(of_exim(exim, authority, Security.TLS), "wrong")[-1]
    assert (last.name, last.outcome, last.reason) == ("authenticate", Outcome.FAILED, "authentication_refused")
    assert "wrong" in last.said
    assert "535" in last.said
    assert "app password" in last.advice


@pytest.mark.real("exim")
def test_a_server_that_does_not_relay_without_a_login_says_so(exim: Exim, authority: Authority) -> None:
    profile = of_exim(exim, authority, Security.TLS)
    profile = replace(profile, smtp=replace(profile.smtp, username=None))
    stages = smtp_stages(profile, None)
    assert ("authenticate", "skipped") in told(stages)
    assert (stages[-1].name, stages[-1].reason) == ("recipient", "relay_denied")
    assert "log in" in stages[-1].advice


@pytest.mark.real("exim")
def test_a_greylisted_recipient_is_a_warning_and_no_failure(exim: Exim, authority: Authority) -> None:
    stages = smtp_stages(of_exim(exim, authority, Security.TLS), exim.password, recipient="later@example.com")
    assert told(stages)[-1] == ("recipient", "warning")
    assert summarize(stages, NOW).passed


def test_a_blank_password_with_a_user_fails_and_is_never_skipped(smtp_server: FaultySmtpServer) -> None:
    for credential in ("", None):
        last = smtp_stages(of_server(smtp_server, username=USER), credential)[-1]
        assert (last.name, last.outcome, last.reason) == ("authenticate", Outcome.FAILED, "credential_missing")


def test_stages_are_told_as_they_happen(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        stages = check_smtp(of_server(smtp_server), None, now=NOW, reach=HERE, seconds=3)
        assert (await anext(stages)).name == "resolve"
        assert smtp_server.connections == 0, "the next stage has not begun"
        await stages.aclose()  # type: ignore[attr-defined]

    asyncio.run(work())


def test_a_test_given_up_halfway_leaves_no_connection(smtp_server: FaultySmtpServer) -> None:
    async def work() -> None:
        stages = check_smtp(of_server(smtp_server), None, now=NOW, reach=HERE, seconds=3)
        async for stage in stages:
            if stage.name == "greeting":
                break
        await stages.aclose()  # type: ignore[attr-defined]
        async with asyncio.timeout(5):
            while smtp_server.open_connections:  # noqa: ASYNC110 (another thread's count)
                await asyncio.sleep(0.005)

    asyncio.run(work())


@pytest.mark.fault(verb="MAIL", kind="5xx", code=550, text="5.7.60 you may not send as this sender")
def test_a_refused_sender_is_told(smtp_server: FaultySmtpServer) -> None:
    last = smtp_stages(of_server(smtp_server), None)[-1]
    assert (last.name, last.outcome, last.reason) == ("sender", Outcome.FAILED, "refused_by_policy")
    assert "may not send as this sender" in last.said


@pytest.mark.fault(verb="BANNER", kind="5xx", code=554, text="\x1b[2Jgo away\x07")
def test_a_servers_terminal_escapes_are_taken_out(smtp_server: FaultySmtpServer) -> None:
    last = smtp_stages(of_server(smtp_server), None)[-1]
    assert last.said.isprintable()
    assert "go away" in last.said


@pytest.mark.fault(verb="RCPT", kind="drop")
def test_a_server_that_hangs_up_is_told(smtp_server: FaultySmtpServer) -> None:
    last = smtp_stages(of_server(smtp_server), None)[-1]
    assert (last.name, last.outcome, last.reason) == ("recipient", Outcome.FAILED, "connection_lost")


def test_only_mail_and_rcpt_and_rset_are_said(smtp_server: FaultySmtpServer) -> None:
    stages = smtp_stages(of_server(smtp_server), None)
    assert told(stages)[2] == ("tls", "skipped"), "plain text within this machine is no warning"
    assert smtp_server.verbs == ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]
    assert smtp_server.transactions == []


def test_plain_text_beyond_this_machine_is_a_warning(smtp_server: FaultySmtpServer) -> None:
    from profiles.stopwatch import Stopwatch

    stage = Stopwatch(of_server(smtp_server).smtp).protected(None, "10.0.0.5", NOW)
    assert stage.outcome is Outcome.WARNING


@pytest.mark.parametrize(("days", "outcome"), [(13, Outcome.WARNING), (15, Outcome.OK)])
def test_a_certificate_that_ends_soon_is_a_warning(
    start_smtp_server: StartSmtpServer, authority: Authority, days: int, outcome: Outcome
) -> None:
    server = start_smtp_server(security="tls", context=authority.server_context())
    expires = smtp_stages(of_server(server, authority), None)[2].certificate_expires
    assert expires is not None
    stage = smtp_stages(of_server(server, authority), None, now=expires - days * DAY_MILLISECONDS - 1)[2]
    assert (stage.outcome, stage.certificate_expires) == (outcome, expires)
    assert f"valid for {days} more days" in stage.said


@pytest.mark.real("dovecot")
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_every_stage_of_a_good_imap_server_is_told(dovecot: Dovecot, authority: Authority, security: Security) -> None:
    port = dovecot.tls_port if security is Security.TLS else dovecot.port
    settings = ImapSettings(HOST, port, security, dovecot.username, str(authority.ca_file))
    stages = imap_stages(settings, dovecot.password)
    middle = ["tls", "greeting"] if security is Security.TLS else ["greeting", "tls"]
    names = ["resolve", "connect", *middle, "authenticate", "folder", "idle"]
    assert told(stages) == [(name, "ok") for name in names]
    assert stages[-2].said == "INBOX: 0 mails"


@pytest.mark.real("dovecot")
def test_a_missing_folder_and_a_wrong_password_are_told(dovecot: Dovecot, authority: Authority) -> None:
    settings = ImapSettings(
        HOST, dovecot.tls_port, Security.TLS, dovecot.username, str(authority.ca_file), ("INBOX", "Nowhere")
    )
    last = imap_stages(settings, dovecot.password)[-1]
    assert (last.name, last.reason) == ("folder", "folder_not_found")
    last = imap_stages(settings, "wrong")[-1]
    assert (last.name, last.reason) == ("authenticate", "authentication_refused")


def test_a_server_without_idle_is_a_warning(start_imap_server: StartImapServer) -> None:
    server = start_imap_server(capabilities="")
    stages = imap_stages(ImapSettings(HOST, server.port, Security.NONE, USER), "sesame")
    assert told(stages)[-1] == ("idle", "warning")
    assert summarize(stages, NOW).passed


@pytest.mark.fault(verb="DONE", kind="hang")
def test_an_idle_that_cannot_be_left_ends_with_the_deadline(start_imap_server: StartImapServer) -> None:
    server = start_imap_server()
    last = imap_stages(ImapSettings(HOST, server.port, Security.NONE, USER), "sesame", seconds=0.3)[-1]
    assert (last.name, last.outcome, last.reason) == ("idle", Outcome.FAILED, "timed_out")


def test_nothing_in_the_mailbox_is_changed(start_imap_server: StartImapServer) -> None:
    server = start_imap_server()
    imap_stages(ImapSettings(HOST, server.port, Security.NONE, USER), "sesame")
    verbs = [line.split(b" ")[1] for line in server.lines if b" " in line]
    verbs = [verb for verb in verbs if verb != b"CAPABILITY"]
    assert verbs == [b"LOGIN", b"EXAMINE", b"IDLE", b"LOGOUT"]


def test_the_last_test_is_kept_by_where_it_ended() -> None:
    stages = [
        Stage("tls", Outcome.WARNING, "soon", certificate_expires=99),
        Stage("authenticate", Outcome.FAILED, "no", reason="authentication_refused"),
    ]
    kept = summarize(stages, at=5)
    assert (kept.at, kept.reached, kept.reason, kept.certificate_expires) == (
        5,
        "authenticate",
        "authentication_refused",
        99,
    )
