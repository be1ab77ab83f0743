"""The real servers of the rig do what tests take for granted."""

from __future__ import annotations

import asyncio

import pytest

from profiles.errors import PermanentMailError, TransientMailError
from profiles.imap_link import open_imap
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.smtp_link import SmtpLink
from tests.rig.authority import Authority
from tests.rig.dovecot import Dovecot
from tests.rig.exim import Exim

MESSAGE = b"Subject: hello\r\nMessage-ID: <one@example.com>\r\n\r\n.a dot\r\nend\r\n"


def smtp_settings(exim: Exim, authority: Authority, security: Security) -> SmtpSettings:
    port = exim.tls_port if security is Security.TLS else exim.port
    return SmtpSettings(exim.host, port, security, exim.username, str(authority.ca_file))


def imap_settings(dovecot: Dovecot, authority: Authority, security: Security) -> ImapSettings:
    port = dovecot.tls_port if security is Security.TLS else dovecot.port
    return ImapSettings(dovecot.host, port, security, dovecot.username, str(authority.ca_file))


async def send(settings: SmtpSettings, password: str, recipient: str) -> None:
    profile = Profile(1, "QA alerts", "qa@example.com", settings)
    link = await SmtpLink.open(profile, password, local_hostname="worker.example.com")
    try:
        await link.mail_from(profile.from_address, len(MESSAGE))
        await link.rcpt_to(recipient)
        await link.data(MESSAGE)
        await link.quit()
    finally:
        link.close()


@pytest.mark.real("exim")
@pytest.mark.real("dovecot")
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_what_exim_takes_is_read_from_dovecot(
    exim: Exim, dovecot: Dovecot, authority: Authority, security: Security
) -> None:
    asyncio.run(send(smtp_settings(exim, authority, security), exim.password, "team@example.com"))
    [kept] = exim.wait_for(1)
    assert b"Return-path: <qa@example.com>" in kept
    assert b"Envelope-to: team@example.com" in kept

    link = open_imap(imap_settings(dovecot, authority, security), dovecot.password)
    try:
        link.select_folder("INBOX", readonly=True)
        [uid] = link.search("ALL")
        body = link.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
    finally:
        link.close()
    assert body.endswith(b"\r\n\r\n.a dot\r\nend\r\n")


@pytest.mark.real("exim")
def test_exim_refuses_as_the_rig_says(exim: Exim, authority: Authority) -> None:
    settings = smtp_settings(exim, authority, Security.TLS)
    with pytest.raises(PermanentMailError) as refused:
        asyncio.run(send(settings, exim.password, "unknown@example.com"))
    assert refused.value.reason == "recipient_unknown"
    with pytest.raises(TransientMailError) as deferred:
        asyncio.run(send(settings, exim.password, "later@example.com"))
    assert deferred.value.reason == "recipient_deferred"
    with pytest.raises(TransientMailError) as unproven:
        asyncio.run(send(settings, "wrong", "team@example.com"))
    assert unproven.value.reason == "authentication_refused"


@pytest.mark.real("dovecot")
def test_dovecot_refuses_a_wrong_password(dovecot: Dovecot, authority: Authority) -> None:
    with pytest.raises(TransientMailError) as refused:
        open_imap(imap_settings(dovecot, authority, Security.TLS), "wrong")
    assert refused.value.reason == "authentication_refused"
