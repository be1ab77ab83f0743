"""The main job through mail servers nobody here wrote: Exim takes the mail, Dovecot shows it."""

from __future__ import annotations

import email
import email.policy
import json
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from imapclient import IMAPClient

from profiles.profile import ImapSettings, Security, SmtpSettings
from profiles.store import Credentials
from tests.rig.dovecot import Dovecot
from tests.rig.exim import Exim
from tests.rig.spine import Spine, run_finished

pytestmark = [pytest.mark.real("exim"), pytest.mark.real("dovecot")]
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_junit_report_goes_in_and_a_mail_is_read_over_imap(
    spine: Spine, exim: Exim, dovecot: Dovecot, security: Security
) -> None:
    ca_file = str(exim.home.ca_file)
    port = exim.tls_port if security is Security.TLS else exim.port
    draft = replace(
        spine.profile(name="draft"),
        name="QA alerts",
        from_address=exim.username,
        smtp=SmtpSettings("localhost", port, security, exim.username, ca_file),
        imap=ImapSettings("localhost", dovecot.tls_port, Security.TLS, dovecot.username, ca_file),
    )
    spine.ground.profiles.add(draft, Credentials(exim.password, dovecot.password))
    tested = json.loads(spine.run("profiles", "test", "QA alerts", "--json").stdout)
    assert tested["passed"] is True
    assert [stage["name"] for stage in tested["imap"]["stages"]][-2:] == ["folder", "idle"]

    spine.work()
    published = spine.run(
        *("publish", "run-finished", "--profile", "QA alerts", "--to", "team@example.com"),
        *("--junit", str(ROOT / "examples" / "junit.xml"), "--branch", "main", "--suite", "checkout-api"),
    )
    assert (published.returncode, published.stderr) == (0, "")
    spine.settled(sent=1)
    exim.wait_for(1)

    context = ssl.create_default_context(cafile=ca_file)
    with IMAPClient("localhost", dovecot.tls_port, ssl_context=context) as client:
        client.login(dovecot.username, dovecot.password)
        client.select_folder("INBOX", readonly=True)
        (uid,) = client.search()
        raw = client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == "✗ checkout-api · main · 3 of 214 failed"
    assert [part.defects for part in message.walk()] == [[], [], []]


def test_exim_refuses_delays_and_takes_each_recipient_for_itself(spine: Spine, exim: Exim) -> None:
    smtp = SmtpSettings("localhost", exim.tls_port, Security.TLS, exim.username, str(exim.home.ca_file))
    draft = replace(spine.profile(name="draft"), name="QA alerts", from_address=exim.username, smtp=smtp)
    spine.ground.profiles.add(draft, Credentials(exim.password))
    spine.work()
    spine.publish(run_finished("run-1", "a@example.com", "unknown@example.com", "later@example.com", "b@example.com"))

    rows = {each["recipient"]: each for each in spine.settled(sent=2, failed=1, deferred=1)}
    assert rows["unknown@example.com"]["last_answer"].startswith("550 5.1.1")
    assert rows["later@example.com"]["last_answer"].startswith("451 4.7.1")
    assert len(exim.wait_for(2)) == 2
    spine.balanced()


def test_many_mails_go_through_kept_connections_and_each_arrives_once(spine: Spine, exim: Exim) -> None:
    smtp = SmtpSettings("localhost", exim.port, Security.STARTTLS, exim.username, str(exim.home.ca_file))
    draft = replace(spine.profile(name="draft"), name="QA alerts", from_address=exim.username, smtp=smtp)
    spine.ground.profiles.add(draft, Credentials(exim.password))
    spine.work()
    spine.publish(*(run_finished(f"run-{number}") for number in range(60)))

    spine.settled(sent=60)
    ids = [email.message_from_bytes(raw)["X-Runmail-Event"] for raw in exim.wait_for(60)]
    assert sorted(ids) == sorted(f"run-{number}" for number in range(60))
