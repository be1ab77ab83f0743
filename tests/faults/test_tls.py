"""TLS fails closed on the way of a mail: it waits with a named reason, and no password and no mail travels."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from profiles.profile import Profile, Security, SmtpSettings
from profiles.store import Credentials
from tests.rig.authority import Authority
from tests.rig.smtp_server import FaultySmtpServer
from tests.rig.spine import Spine, run_finished

USER = "qa@example.com"


def keep(spine: Spine, server: FaultySmtpServer, authority: Authority, security: Security) -> None:
    """Keep a profile that sends through a server and trusts the authority."""
    smtp = SmtpSettings("localhost", server.port, security, USER, str(authority.ca_file))
    draft = Profile(id=0, name="QA alerts", from_address=USER, smtp=smtp)
    spine.ground.profiles.add(draft, Credentials("opensesame"))


def send(spine: Spine, server: FaultySmtpServer, authority: Authority, security: Security) -> dict[str, Any]:
    """Send one mail through a server and return its delivery once it waits."""
    keep(spine, server, authority, security)
    spine.work()
    spine.publish(run_finished())
    (row,) = spine.settled(deferred=1)
    assert server.transactions == []
    assert server.auth_count == 0
    assert not [line for line in server.lines if line.startswith((b"MAIL", b"AUTH"))]
    assert row["maybe_twice"] is False
    spine.balanced()
    return row


@pytest.mark.parametrize(
    ("kind", "reason"), [("stripped", "starttls_missing"), ("plain", "tls_not_spoken"), ("4xx", "tls_refused")]
)
def test_starttls_that_does_not_come_about_sends_nothing(
    spine: Spine, start_smtp_server: Any, authority: Authority, kind: str, reason: str
) -> None:
    server = start_smtp_server(security="starttls", context=authority.server_context(), users={USER: "opensesame"})
    server.faults.add("STARTTLS", kind)

    assert send(spine, server, authority, Security.STARTTLS)["reason"] == reason


def test_what_was_said_before_tls_is_forgotten(spine: Spine, start_smtp_server: Any, authority: Authority) -> None:
    server = start_smtp_server(security="starttls", context=authority.server_context(), users={USER: "opensesame"})
    server.faults.add("STARTTLS", "injected")
    keep(spine, server, authority, Security.STARTTLS)
    spine.work()
    spine.publish(run_finished())

    spine.settled(sent=1)
    assert all(mail.encrypted for mail in server.transactions)
    assert not any(b"CRAM-MD5" in line for line in server.lines)


def expired(authority: Authority, unknown: Authority) -> ssl.SSLContext:
    return authority.expired_context()


def wrong_host(authority: Authority, unknown: Authority) -> ssl.SSLContext:
    return authority.wrong_host_context()


def self_signed(authority: Authority, unknown: Authority) -> ssl.SSLContext:
    return unknown.server_context()


def old_protocol(authority: Authority, unknown: Authority) -> ssl.SSLContext:
    return authority.server_context(newest=ssl.TLSVersion.TLSv1_1)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (expired, "certificate_expired"),
        (wrong_host, "certificate_wrong_host"),
        (self_signed, "certificate_untrusted"),
        (old_protocol, "tls_too_old or tls_refused"),  # which one depends on the OpenSSL of this machine
    ],
)
def test_a_certificate_or_protocol_that_is_not_good_sends_nothing(
    spine: Spine,
    start_smtp_server: Any,
    authority: Authority,
    unknown_authority: Authority,
    security: Security,
    context: Any,
    reason: str,
) -> None:
    shown = context(authority, unknown_authority)
    server = start_smtp_server(security=security.value, context=shown, users={USER: "opensesame"})

    assert send(spine, server, authority, security)["reason"] in reason.split(" or ")
