"""The full circle on real servers: an event goes out through Exim, its answer and its bounce come back to Dovecot."""

from __future__ import annotations

import email
import email.policy
import json
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest
from sqlalchemy import select, update

from consumers.inbound.collecting import collect
from consumers.ledger.mailboxes import add_mailboxes, due_mailboxes
from consumers.ledger.outgoing_tables import outgoing_events
from consumers.ledger.reply_tables import mailboxes
from consumers.ledger.waiting import profiles
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.store import Credentials
from tests.rig.dovecot import Dovecot
from tests.rig.exim import Exim
from tests.rig.spine import Spine, run_finished
from worker.composition import collect_parts

pytestmark = [pytest.mark.real("exim"), pytest.mark.real("dovecot"), pytest.mark.timeout(240)]


def profile_of(exim: Exim, dovecot: Dovecot) -> Profile:
    """Return a profile that writes through Exim and reads the mailbox that Exim fills."""
    ca_file = str(exim.home.ca_file)
    return Profile(
        id=0,
        name="QA alerts",
        from_address="qa@example.com",
        smtp=SmtpSettings(exim.host, exim.tls_port, Security.TLS, exim.username, ca_file),
        imap=ImapSettings(dovecot.host, dovecot.tls_port, Security.TLS, dovecot.username, ca_file),
        plus_addressing=True,
        retention_days=30,
    )


def start(spine: Spine, exim: Exim, dovecot: Dovecot) -> None:
    """Start a worker with a profile that came to be long before its mails."""
    spine.ground.profiles.add(profile_of(exim, dovecot), Credentials(smtp=exim.password, imap=dovecot.password))
    with spine.ground.engine.begin() as connection:
        connection.execute(update(profiles).values(created_at=0))
    spine.work()


def read_mailbox(spine: Spine) -> None:
    """Make one pass over the mailbox, as the clock rings for it."""
    engine = spine.ground.engine
    with engine.begin() as connection:
        add_mailboxes(connection, due_mailboxes(connection, 0)[1], 0)
        (mailbox,) = connection.execute(select(mailboxes.c.id)).scalars()
    collect(collect_parts(spine.ground), mailbox)


def announced(spine: Spine, kind: str) -> list[dict[str, Any]]:
    with spine.ground.engine.connect() as connection:
        bodies = connection.execute(select(outgoing_events.c.body).where(outgoing_events.c.type == f"runmail.{kind}"))
        return [json.loads(body) for body in bodies.scalars()]


def answer(exim: Exim, received: EmailMessage, text: str, sender: str) -> None:
    """Answer a mail as mail programs do: to Reply-To, in its thread, with the old text below."""
    reply = EmailMessage()
    reply["From"], reply["To"] = sender, received["Reply-To"]
    reply["Subject"], reply["Message-ID"] = f"Re: {received['Subject']}", make_msgid(domain="client.example")
    reply["In-Reply-To"] = received["Message-ID"]
    reply["References"] = f"{received['References']} {received['Message-ID']}"
    old = received.get_body(("plain",))
    assert old is not None
    quoted = "\n".join(f"> {line}" for line in old.get_content().splitlines())
    reply.set_content(f"{text}\n\nOn Mon, 23 Nov 2026 at 10:12, QA alerts <qa@example.com> wrote:\n{quoted}\n")
    trust = ssl.create_default_context(cafile=str(exim.home.ca_file))
    with smtplib.SMTP_SSL(exim.host, exim.tls_port, context=trust, timeout=30) as client:
        client.login(exim.username, exim.password)
        client.send_message(reply)


def test_an_event_is_mailed_answered_and_becomes_a_command(spine: Spine, exim: Exim, dovecot: Dovecot) -> None:
    start(spine, exim, dovecot)
    spine.publish(run_finished("run-1", "eva@example.com"))
    spine.settled(sent=1)
    (raw,) = exim.wait_for(1, seconds=60)
    received = email.message_from_bytes(raw, policy=email.policy.default)
    assert "+" in received["Reply-To"]

    answer(exim, received, "stop", "eva@example.com")
    exim.wait_for(2, seconds=60)
    read_mailbox(spine)

    (command,) = announced(spine, "command.issued")
    assert (command["data"]["command"], command["data"]["issued_by"]) == ("stop", "eva@example.com")
    assert command["data"]["about"]["id"] == "run-1"
    spine.publish(run_finished("run-2", "eva@example.com"))
    rows = spine.settled(sent=1, suppressed=1)
    assert [row["reason"] for row in rows if row["state"] == "suppressed"] == ["stopped"]
    spine.balanced()


def test_mail_to_a_dead_address_bounces_and_the_address_is_suppressed(
    spine: Spine, exim: Exim, dovecot: Dovecot
) -> None:
    start(spine, exim, dovecot)
    spine.publish(run_finished("run-1", "dead@example.com"))
    spine.settled(sent=1)
    exim.wait_for(1, seconds=60)
    read_mailbox(spine)

    (bounced,) = announced(spine, "delivery.bounced")
    assert (bounced["data"]["kind"], bounced["data"]["about"]["id"]) == ("hard", "run-1")
    (suppressed,) = announced(spine, "recipient.suppressed")
    assert (suppressed["data"]["recipient"], suppressed["data"]["reason"]) == ("dead@example.com", "hard_bounces")
    spine.publish(run_finished("run-2", "dead@example.com"))
    rows = spine.settled(sent=1, suppressed=1)
    assert [(row["state"], row["reason"], row["bounced"]) for row in rows] == [
        ("suppressed", "hard_bounces", None),
        ("sent", None, "hard"),
    ]
    spine.balanced()
