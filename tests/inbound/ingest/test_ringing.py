"""The clock rings for mailboxes and a worker reads them; commands show and do the same by hand."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update

from consumers.ledger.reply_tables import mailboxes, replies
from profiles.store import Credentials
from tests.inbound.ingest.conftest import CREATED, Rig, mail, profile_of
from tests.rig.dovecot import Dovecot
from tests.rig.maildir import Deliver
from tests.rig.spine import Spine
from tests.rig.waiting import wait_until
from worker.broker import QueueBroker
from worker.clock import Clock
from worker.composition import declare_actors
from worker.mailbox_clock import MailboxClock
from worker.redis_client import make_client

pytestmark = [pytest.mark.real("dovecot"), pytest.mark.real("redis")]


@pytest.fixture
def rig(spine: Spine, dovecot: Dovecot) -> Rig:
    """The spine's ledger with a mailbox."""
    profile = spine.ground.profiles.add(profile_of(dovecot), Credentials(imap=dovecot.password))
    return Rig(spine.ground, profile)


def clock_of(spine: Spine) -> Clock:
    """Make a clock that a test ticks itself, with its mailboxes."""
    bells = declare_actors(QueueBroker(make_client(spine.broker_url)))
    mailroom = MailboxClock(spine.ground, bells)
    spine.stack.append(mailroom.rest)
    return Clock(spine.ground.engine, bells, owner=secrets.token_hex(4), sweep_seconds=0.1, mailboxes=mailroom)


@pytest.mark.settings(idle_connections=0)
def test_a_worker_reads_the_mailboxes_that_the_clock_rings_for(spine: Spine, rig: Rig, deliver: Deliver) -> None:
    deliver(mail("Re: checkout-api"))
    spine.work()

    clock_of(spine).tick(take_back=False)

    wait_until(lambda: [row.outcome for row in rig.replies()] == ["not_for_us"])
    wait_until(lambda: rig.mailbox().owner is None)
    assert rig.mailbox().due_at > time.time() * 1000 + 30_000


@pytest.mark.settings(idle_connections=0)
def test_the_clock_rings_once_for_each_poll(spine: Spine, rig: Rig) -> None:
    clock = clock_of(spine)

    for _ in range(3):
        clock.tick(take_back=False)

    assert make_client(spine.broker_url).llen("dramatiq:mailboxes") == 1


@pytest.mark.settings(idle_connections=0)
def test_a_kept_mail_that_nobody_read_is_read_and_one_that_kills_its_readers_is_given_up(
    spine: Spine, rig: Rig
) -> None:
    kept = {
        "profile_id": rig.profile.id,
        "profile": "QA alerts",
        "folder": "INBOX",
        "uidvalidity": 1,
        "sha256": "x",
        "size": 10,
        "kept_at": CREATED,
        "raw": mail("left behind"),
    }
    with spine.ground.engine.begin() as connection:
        connection.execute(insert(replies), [{**kept, "uid": 1, "starts": 0}, {**kept, "uid": 2, "starts": 3}])
        connection.execute(update(mailboxes).values(due_at=1 << 50))
    spine.work()

    clock_of(spine).tick(take_back=False)

    wait_until(lambda: all(row.read_at for row in rig.replies()))
    assert [(row.outcome, row.reason) for row in rig.replies()] == [
        ("not_for_us", "no_token"),
        ("unreadable", "crashed_worker"),
    ]


@pytest.mark.settings(idle_connections=0)
def test_octets_go_when_the_days_of_their_profile_are_over(spine: Spine, rig: Rig, deliver: Deliver) -> None:
    rig.ground.profiles.update(replace(rig.profile, retention_days=30))
    deliver(mail("old"))
    rig.collect(now=lambda: time.time_ns() // 1_000_000 - 31 * 86_400_000)
    deliver(mail("new"))
    rig.collect()

    clock_of(spine).tick(take_back=False)

    old, new = rig.replies()
    assert (old.raw, old.subject, old.outcome) == (None, "old", "not_for_us")
    assert new.raw is not None


@pytest.mark.settings(poll_seconds=3600)
def test_a_watched_mailbox_is_read_when_mail_comes(spine: Spine, rig: Rig, deliver: Deliver) -> None:
    spine.work()
    clock = clock_of(spine)
    clock.tick(take_back=False)
    wait_until(lambda: rig.mailbox().complete_at)

    deliver(mail("comes by itself"))

    def read() -> bool:
        clock.tick(take_back=False)
        return rig.subjects() == ["comes by itself"]

    wait_until(read)


@pytest.mark.settings(idle_connections=0)
def test_commands_list_and_read_mailboxes(spine: Spine, rig: Rig, deliver: Deliver) -> None:
    deliver(mail("older"), taken_in=CREATED / 1000 - 40 * 86_400)
    deliver(mail("newer"))

    polled = spine.run("mailboxes", "poll", "QA alerts")
    again = spine.run("mailboxes", "poll", "--since", "2026-01-01", "--json")
    after = json.loads(spine.run("mailboxes", "list", "--json").stdout)

    assert (polled.returncode, polled.stdout) == (0, "QA alerts, INBOX: 1 new\n"), polled.stderr
    (document,) = json.loads(again.stdout)
    assert (document["outcome"], document["kept"], document["recognised"]) == ("complete", 1, 1)
    assert [(each["folder"], each["state"], each["kept"]) for each in after] == [("INBOX", "fine", 2)]


@pytest.mark.settings(idle_connections=0)
def test_a_mailbox_that_refuses_the_login_is_shown_and_waits_longer_each_time(spine: Spine, rig: Rig) -> None:
    rig.ground.profiles.update(rig.profile, Credentials(imap="wrong"))

    polled = spine.run("mailboxes", "poll")
    first = rig.mailbox().due_at - rig.mailbox().tried_at
    rig.collect()
    second = rig.mailbox().due_at - rig.mailbox().tried_at
    (row,) = json.loads(spine.run("mailboxes", "list", "--json").stdout)

    assert polled.returncode == 1
    assert "failed, authentication_refused" in polled.stdout
    assert "wrong" not in polled.stdout + polled.stderr
    assert second > 1.5 * first >= 80_000
    assert (row["state"], row["reason"], row["failures"]) == ("failing", "authentication_refused", 2)


@pytest.mark.settings(idle_connections=0)
def test_purging_removes_what_is_asked_for_and_no_more(spine: Spine, rig: Rig, deliver: Deliver) -> None:
    deliver(mail("of Ann", "ack\n"))
    deliver(mail("of Ben", "ack\n", sender="ben@example.com"))
    rig.collect()

    counted = spine.run("replies", "purge", "--sender", "ANN@example.com", "--dry-run", "--json")
    spine.run("replies", "purge", "--sender", "ANN@example.com", "--everything")
    spine.run("replies", "purge", "--profile", "QA alerts")

    ann, ben = rig.replies()
    assert json.loads(counted.stdout) == {"dry_run": True, "mails": 1, "everything": False}
    assert (ann.raw, ann.sender, ann.subject, ann.text, ann.facts, ann.outcome) == (None, *[None] * 4, "not_for_us")
    assert (ben.raw, ben.sender, ben.subject) == (None, "ben@example.com", "of Ben")
    with rig.ground.engine.connect() as connection:
        assert connection.execute(select(replies.c.id).where(replies.c.facts.is_(None))).scalars().all() == [ann.id]
