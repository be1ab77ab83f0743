"""The spine on PostgreSQL: the same path, the same promises."""

from __future__ import annotations

import secrets

import pytest

from tests.rig.postgresql import PostgreSql
from tests.rig.spine import Spine, queue_message, run_finished
from tests.rig.waiting import wait_until

pytestmark = [pytest.mark.real("postgresql"), pytest.mark.xdist_group("postgresql")]


@pytest.fixture
def database(postgresql: PostgreSql) -> str:
    """An empty database; the spine uses it."""
    return postgresql.make(f"t{secrets.token_hex(6)}")


def test_events_become_mail_and_repeats_and_conflicts_are_told_apart(database: str, spine: Spine) -> None:
    spine.profile(allowed_recipients=("example.com",))
    spine.work()
    spine.publish(*(run_finished(f"run-{number}", "a@example.com", "b@example.com") for number in range(20)))
    spine.publish(*(run_finished(f"run-{number}", "a@example.com", "b@example.com") for number in range(20)))
    spine.push("garbage", b"{")
    spine.push("odd", queue_message(run_finished("nul", suite="a\0b")))
    spine.publish(run_finished("run-1", suite="something else"), run_finished("run-x", "c@example.org"))

    spine.settled(sent=41, suppressed=1)
    wait_until(lambda: len(spine.events(state="quarantined")) >= 2)
    assert len(spine.server.transactions) == len({mail.message for mail in spine.server.transactions})
    assert spine.ground.engine.dialect.name == "postgresql"
    spine.balanced()


@pytest.mark.fault(verb="DATA", kind="hang", times=1)
def test_a_killed_workers_mail_is_taken_back_and_flagged(database: str, spine: Spine) -> None:
    spine.profile()
    short = {"RUNMAIL_LEASE_SECONDS": "2", "RUNMAIL_ATTEMPT_SECONDS": "1.9"}
    worker = spine.start("worker", **short)
    spine.publish(run_finished())
    wait_until(lambda: b"DATA" in spine.server.lines)
    worker.kill()
    worker.wait()
    spine.start("worker", **short)
    spine.start("clock")
    spine.start("clock")

    (row,) = spine.settled(sent=1)
    assert row["maybe_twice"] is True
    spine.balanced()


def test_two_workers_share_the_work_and_repeat_nothing(database: str, spine: Spine) -> None:
    spine.profile()
    spine.start("worker", "--processes", "2")
    spine.start("clock")
    spine.publish(*(run_finished(f"run-{number}") for number in range(200)))

    spine.settled(sent=200)
    assert len(spine.server.transactions) == 200
    spine.balanced()


def test_a_database_without_tables_is_named_with_the_command_that_helps(database: str, spine: Spine) -> None:
    with spine.ground.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    done = spine.run("deliveries", "list")

    assert done.returncode == 1
    assert done.stderr == "runmail: the database has no tables yet: run `runmail migrate`\n"
