"""A worker that is killed in the middle of a pass over a mailbox: every mail is kept once and acted on once.

Killed while a batch is on the wire (the line is held there), after a batch was kept and before it is read, and with
effects written that are not committed.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from consumers.ledger.acting_tables import issued_commands, mutes
from consumers.ledger.outgoing_tables import outgoing_events
from consumers.ledger.reply_tables import mailboxes, replies
from consumers.ledger.tables import deliveries
from consumers.ledger.waiting import profiles
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.store import Credentials
from tests.inbound.acting.office import written
from tests.inbound.ingest.cutting_proxy import CuttingProxy
from tests.rig.dovecot import Dovecot
from tests.rig.maildir import Deliver
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.timeout(300)]

#: Mails of 200 kB: some batches of at most 4 MB.
MAILS = 50
PADDING = "a line of the text below, which somebody wrote at length\n" * 3_500
SETTINGS = {"RUNMAIL_POLL_SECONDS": "1", "RUNMAIL_IDLE_CONNECTIONS": "0"}


def arrange(spine: Spine, dovecot: Dovecot, port: int) -> None:
    """Make a profile whose mailbox is reached through a port, and mail somebody about many suites."""
    imap = ImapSettings(dovecot.host, port, Security.TLS, dovecot.username, str(dovecot.home.ca_file))
    smtp = SmtpSettings(spine.server.host, spine.server.port, Security.NONE)
    profile = Profile(id=0, name="QA alerts", from_address="qa@example.com", smtp=smtp)
    # Without a mailbox at first, so that no pass begins before its mails are there.
    made = spine.ground.profiles.add(profile, Credentials())
    parts = spine.work()
    spine.publish(*(run_finished(f"run-{n}", "eva@example.com", suite=f"suite-{n}") for n in range(MAILS)))
    spine.settled(sent=MAILS)
    parts.stop(10)
    spine.ground.profiles.update(replace(made, imap=imap), Credentials(imap=dovecot.password))
    with spine.ground.engine.begin() as connection:
        connection.execute(update(profiles).values(created_at=0))


def count(spine: Spine, table: object, *conditions: object) -> int:
    with spine.ground.engine.connect() as connection:
        wanted = select(func.count()).select_from(table)  # type: ignore[arg-type]
        return connection.execute(wanted.where(*conditions)).scalar_one()  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ["in a batch", "before:read:1", "inside:read:2", "after:read:1"])
def test_every_mail_is_kept_once_and_acted_on_once(
    spine: Spine,
    dovecot: Dovecot,
    deliver: Deliver,
    place: str,
) -> None:
    proxy = CuttingProxy(dovecot.tls_port)
    arrange(spine, dovecot, proxy.port)
    with spine.ground.engine.connect() as connection:
        sent = list(connection.execute(select(deliveries).order_by(deliveries.c.id)))
    for number, each in enumerate(sent):
        deliver(written(each, f"stop\n\n{PADDING}", "eva@example.com", number))
    if place == "in a batch":
        proxy.hold_after = 6_000_000
    trap = {} if place == "in a batch" else {"FAULT_RIG_HOME": str(spine.home), "FAULT_RIG_KILL": place}
    spine.start("clock", **SETTINGS)
    killed = spine.start("worker", **SETTINGS, **trap)
    if place == "in a batch":
        assert proxy.held.wait(90)
        killed.kill()
    assert killed.wait(90) == -9
    kept_before = count(spine, replies)
    assert kept_before < MAILS

    # The leases of the dead end after minutes; a test does not wait for them.
    with spine.ground.engine.begin() as connection:
        connection.execute(update(mailboxes).values(lease_until=0, due_at=0))
        connection.execute(update(replies).values(lease_until=0, kept_at=0))
    spine.start("worker", **SETTINGS)
    wait_until(lambda: count(spine, replies, replies.c.read_at.is_not(None)) >= MAILS, 120)

    assert count(spine, replies) == MAILS
    assert count(spine, replies, replies.c.outcome == "command", replies.c.reason == "first_line") == MAILS
    assert count(spine, issued_commands) == MAILS
    assert count(spine, mutes) == MAILS
    commands = outgoing_events.c.type == "runmail.command.issued"
    assert count(spine, outgoing_events, commands) == MAILS
    spine.balanced()
    proxy.stop()
