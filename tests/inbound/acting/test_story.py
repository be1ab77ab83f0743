"""What the commands tell of a mail: its attempts, its answers and what runmail answered, in order."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from consumers.ledger.tables import deliveries
from consumers.ledger.waiting import profiles
from profiles.store import Credentials
from tests.inbound.acting.office import written
from tests.inbound.ingest.conftest import profile_of
from tests.rig.dovecot import Dovecot
from tests.rig.maildir import Deliver
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.timeout(300)]


def test_help_is_answered_and_every_command_tells_of_it(
    spine: Spine,
    dovecot: Dovecot,
    deliver: Deliver,
) -> None:
    imap = profile_of(dovecot).imap
    profile = spine.profile()
    spine.ground.profiles.update(replace(profile, imap=imap), Credentials(imap=dovecot.password))
    with spine.ground.engine.begin() as connection:
        connection.execute(update(profiles).values(created_at=0))
    spine.work()
    spine.publish(run_finished("run-1", "eva@example.com"))
    spine.settled(sent=1)
    with spine.ground.engine.connect() as connection:
        sent = connection.execute(select(deliveries)).one()
    deliver(written(sent, "Help", "eva@example.com", 1))

    assert spine.run("mailboxes", "poll").returncode == 0
    clock = spine.clock()
    wait_until(lambda: (clock.tick(take_back=False), len(spine.deliveries(state="sent")) == 2)[1])

    shown = spine.run("replies", "show", "1").stdout
    assert "help: delivery 2, sent" in shown
    story = [line for line in spine.run("events", "show", "run-1").stdout.splitlines() if "  delivery 1" in line]
    assert [line.split("  ")[1] for line in story] == ["planned", "attempt 1", "command", "answered"]
    assert ["taken" in story[1], "help" in story[2], "mail 2" in story[3]] == [True] * 3
    told = spine.run("deliveries", "show", "1").stdout.splitlines()
    assert [line.split("  ")[1] for line in told[-3:]] == ["attempt 1", "command", "answered"]
    spine.balanced()
    (first, second) = spine.server.transactions
    assert b"Auto-Submitted: auto-replied" in second.message
    assert f"References: <{sent.message_id}> <1@client.example>".encode() in second.message
    assert second.recipients == ("eva@example.com",)
    assert b"help" in first.message
