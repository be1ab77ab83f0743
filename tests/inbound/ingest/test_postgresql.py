"""Mailboxes and kept mails on PostgreSQL: the same statements, the same promises."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from consumers.inbound.passes import PassOutcome
from consumers.ledger.mailboxes import rewind
from consumers.ledger.replies import find_unread, settle_reading
from consumers.ledger.reply_tables import replies
from consumers.ledger.retention import Forgettable, count_forgettable, forget, forget_old
from consumers.views.mailboxes import list_mailboxes
from tests.inbound.ingest.conftest import CREATED, Rig, mail
from tests.rig.maildir import Deliver
from tests.rig.postgresql import PostgreSql
from worker.composition import reply_path
from worker.ground import Ground, lay_ground
from worker.migrate import migrate
from worker.settings import Settings

pytestmark = [pytest.mark.real("postgresql"), pytest.mark.real("dovecot"), pytest.mark.xdist_group("postgresql")]


@pytest.fixture
def ground(tmp_path: Path, postgresql: PostgreSql) -> Iterator[Ground]:
    ground = lay_ground(Settings(home=tmp_path, database_url=SecretStr(postgresql.make(f"t{secrets.token_hex(6)}"))))
    migrate(ground.engine)
    yield ground
    ground.engine.dispose()


def test_several_pollers_keep_every_mail_once(rig: Rig, deliver: Deliver) -> None:
    for number in range(250):
        deliver(mail(f"mail {number}"))
    together = threading.Barrier(3)

    def poll() -> PassOutcome:
        together.wait()
        return rig.collect().outcome

    with ThreadPoolExecutor(3) as pool:
        outcomes = [each.result() for each in [pool.submit(poll) for _ in range(3)]]

    assert PassOutcome.COMPLETE in outcomes
    assert sorted(rig.subjects(), key=str) == sorted(f"mail {number}" for number in range(250))


def test_a_mailbox_is_rewound_shown_and_forgotten(rig: Rig, deliver: Deliver) -> None:
    deliver(mail("before the profile"), taken_in=CREATED / 1000 - 30 * 86_400)
    deliver(mail("after"))
    rig.collect()
    mailbox, now = rig.mailbox().id, time.time_ns() // 1_000_000
    with rig.ground.engine.begin() as connection:
        rewind(connection, [mailbox], CREATED - 60 * 86_400_000)

    again = rig.collect()

    assert (again.kept, again.recognised) == (1, 1)
    with rig.ground.engine.begin() as connection:
        assert [row["state"] for row in list_mailboxes(connection)] == ["fine"]
        assert forget_old(connection, now, 10) == 0
        every = Forgettable(now + 1_000, sender="Ann@example.com", everything=True)
        assert count_forgettable(connection, every) == 2
        assert forget(connection, every, 10) == 2
        assert count_forgettable(connection, every) == 0
    assert [(row.raw, row.sender, row.facts) for row in rig.replies()] == [(None, None, None)] * 2


def test_what_was_left_unread_is_found_and_text_that_no_database_takes_is_mended(rig: Rig, deliver: Deliver) -> None:
    deliver(mail("left behind"))
    rig.collect(read_replies=lambda ids: None)
    now = time.time_ns() // 1_000_000
    with rig.ground.engine.begin() as connection:
        # It belongs to the one who kept it until its lease has ended.
        assert find_unread(connection, now + 60_000, 10) == []
        connection.execute(update(replies).values(lease_until=0))
        (unread,) = find_unread(connection, now + 60_000, 10)

    path = reply_path(rig.ground)
    assert (path.read_replies([unread]), path.read_replies([unread])) == (1, 0)
    (row,) = rig.replies()
    assert (row.outcome, row.starts, row.read_at >= now) == ("not_for_us", 2, True)


def test_a_nul_in_what_was_read_is_replaced(rig: Rig, deliver: Deliver) -> None:
    deliver(mail("x"))
    rig.collect(read_replies=lambda ids: None)
    (row,) = rig.replies()

    with rig.ground.engine.begin() as connection:
        settle_reading(connection, [{"row": row.id, "read_at": 1, "subject": "a\0b\ud800c"}])

    assert rig.subjects() == ["a\N{REPLACEMENT CHARACTER}b?c"]
