"""What goes wrong on the way out, declared on the test and played by the server; workers are really killed."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from consumers.ledger.deciding import retry
from consumers.ledger.tables import deliveries
from profiles.profile import Limits, OnUncertain
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until
from worker.ground import now_milliseconds


def make_due(spine: Spine) -> None:
    """Let every deferred delivery be due now, as if its time had come."""
    with spine.ground.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.state == "deferred").values(due_at=now_milliseconds()))
    spine.clock().tick(take_back=False)


@pytest.mark.fault(verb="RCPT", kind="5xx", code=550, text="5.1.1 no such user", recipient="gone@example.com")
def test_a_refused_recipient_touches_only_itself(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished("run-1", "a@example.com", "gone@example.com", "b@example.com"))

    rows = {each["recipient"]: each for each in spine.settled(sent=2, failed=1)}
    assert rows["gone@example.com"]["last_answer"] == "550 5.1.1 no such user"
    assert rows["gone@example.com"]["attempts"] == 1
    spine.balanced()


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("kind", ["4xx", "421", "drop"])
def test_what_may_pass_is_deferred_and_sent_later_once(spine: Spine, verb: str, kind: str) -> None:
    spine.server.faults.add(verb=verb, kind=kind, times=1)
    spine.profile()
    spine.work()
    spine.publish(run_finished())

    (row,) = spine.settled(deferred=1)
    lost = verb == "DOT" and kind == "drop"
    assert row["maybe_twice"] is lost
    assert row["reason"] == ("answer_lost" if lost else row["reason"])
    make_due(spine)

    (row,) = spine.settled(sent=1)
    assert row["maybe_twice"] is lost
    assert row["attempts"] == 2
    assert len(spine.server.transactions) == 1
    spine.balanced()


@pytest.mark.parametrize("verb", ["MAIL", "DATA", "DOT"])
def test_5xx_ends_at_once(spine: Spine, verb: str) -> None:
    spine.server.faults.add(verb=verb, kind="5xx")
    spine.profile()
    spine.work()
    spine.publish(run_finished())

    (row,) = spine.settled(failed=1)
    assert row["attempts"] == 1
    assert row["maybe_twice"] is False


@pytest.mark.fault(verb="DOT", kind="drop", taken=True, times=1)
def test_a_mail_whose_answer_was_lost_is_sent_once_more_with_the_same_message_id(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished())
    spine.settled(deferred=1)
    make_due(spine)

    (row,) = spine.settled(sent=1)
    first, second = spine.server.wait_for(2)
    assert first.message == second.message
    assert row["maybe_twice"] is True


@pytest.mark.fault(verb="DOT", kind="drop", taken=True)
def test_a_second_lost_answer_waits_for_a_person(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished())
    spine.settled(deferred=1)
    make_due(spine)

    (row,) = spine.settled(uncertain=1)
    assert len(spine.server.transactions) == 2
    shown = spine.run("deliveries", "show", str(row["id"]), "--json")
    assert [each["outcome"] for each in json.loads(shown.stdout)["history"]] == ["unknown", "unknown"]
    spine.balanced()


@pytest.mark.fault(verb="DOT", kind="drop", taken=True)
def test_a_profile_can_ask_to_hold_what_is_uncertain(spine: Spine) -> None:
    spine.profile(on_uncertain=OnUncertain.HOLD)
    spine.work()
    spine.publish(run_finished())

    spine.settled(uncertain=1)
    assert len(spine.server.transactions) == 1


@pytest.mark.fault(verb="KEPT", kind="drop")
def test_a_kept_connection_that_the_server_ended_costs_no_attempt(spine: Spine) -> None:
    spine.profile(limits=Limits(connections=1))
    spine.work()
    for number in range(3):
        spine.publish(run_finished(f"run-{number}"))
        spine.settled(sent=number + 1)

    assert {each["attempts"] for each in spine.deliveries()} == {1}


def test_many_mails_share_the_connections_of_a_profile(spine: Spine) -> None:
    spine.profile(limits=Limits(connections=2))
    spine.work()
    spine.publish(*(run_finished(f"run-{number}") for number in range(40)))

    spine.settled(sent=40)
    assert spine.server.connections <= 2


def test_a_limit_per_minute_delays_and_drops_nothing(spine: Spine) -> None:
    spine.profile(limits=Limits(per_minute=3))
    spine.work()
    spine.publish(*(run_finished(f"run-{number}") for number in range(5)))
    spine.settled(sent=3, pending=2)
    clock = spine.clock()
    clock.tick(take_back=False)
    time.sleep(0.3)  # nothing may happen in this time; there is no event to wait for
    assert len(spine.server.transactions) == 3

    with spine.ground.engine.begin() as connection:
        connection.execute(update(deliveries).values(claimed_at=deliveries.c.claimed_at - 60_000))
    clock.tick(take_back=False)

    spine.settled(sent=5)


@pytest.mark.settings(attempt_seconds=5)
@pytest.mark.fault(verb="BANNER", kind="hang")
def test_a_hanging_server_of_one_profile_does_not_delay_another(spine: Spine, start_smtp_server: Any) -> None:
    good = start_smtp_server(faults=[])
    spine.profile(name="A")
    spine.ground.profiles.add(
        replace(
            spine.ground.profiles.by_name("A"),
            name="B",
            smtp=replace(spine.ground.profiles.by_name("A").smtp, port=good.port),
        )
    )
    spine.work(threads=1)
    spine.publish(*(run_finished(f"a-{number}", profile="A") for number in range(20)))
    wait_until(lambda: spine.server.open_connections == 2)
    spine.publish(run_finished("b", profile="B"))

    good.wait_for(1, seconds=4)
    assert {each["state"] for each in spine.deliveries(profile="A")} <= {"sending", "pending", "deferred"}


def test_a_dead_server_defers_with_a_named_reason(spine: Spine) -> None:
    profile = spine.profile()
    spine.ground.profiles.update(replace(profile, smtp=replace(profile.smtp, port=1)))
    spine.work()
    spine.publish(run_finished())

    assert spine.settled(deferred=1)[0]["reason"] == "connection_refused"


@pytest.mark.settings(max_age_run_hours=0.001)
def test_what_is_too_old_is_given_up_with_the_reason(spine: Spine) -> None:
    profile = spine.profile()
    spine.ground.profiles.update(replace(profile, smtp=replace(profile.smtp, port=1)))
    spine.work()
    spine.publish(run_finished())

    (row,) = spine.settled(failed=1)
    assert row["reason"] == "too_old"
    with spine.ground.engine.begin() as connection:
        retry(connection, row["id"], now_milliseconds())
    spine.balanced()


@pytest.mark.fault(verb="DATA", kind="hang", times=1)
def test_a_worker_killed_between_the_data_commit_and_the_answer_leaves_a_flagged_mail(spine: Spine) -> None:
    spine.profile()
    short = {"RUNMAIL_LEASE_SECONDS": "2", "RUNMAIL_ATTEMPT_SECONDS": "1.9"}
    worker = spine.start("worker", **short)
    spine.publish(run_finished())
    wait_until(lambda: any(line == b"DATA" for line in spine.server.lines))
    worker.kill()
    worker.wait()
    spine.start("worker", **short)
    spine.start("clock")

    (row,) = spine.settled(sent=1)
    assert row["maybe_twice"] is True
    shown = spine.run("deliveries", "show", str(row["id"]), "--json").stdout
    assert '"outcome": "unknown"' in shown
    assert '"outcome": "taken"' in shown
    spine.balanced()


@pytest.mark.fault(verb="RCPT", kind="hang", times=4)
def test_a_worker_killed_before_data_leaves_nothing_flagged(spine: Spine) -> None:
    spine.profile()
    short = {"RUNMAIL_LEASE_SECONDS": "2", "RUNMAIL_ATTEMPT_SECONDS": "1.9"}
    worker = spine.start("worker", **short)
    spine.publish(*(run_finished(f"run-{number}") for number in range(4)))
    wait_until(lambda: sum(line.startswith(b"RCPT") for line in spine.server.lines) >= 4)
    worker.kill()
    worker.wait()
    spine.start("worker", **short)
    spine.start("clock")

    rows = spine.settled(sent=4)
    assert {row["maybe_twice"] for row in rows} == {False}
    assert len(spine.server.wait_for(4)) == 4


def test_a_worker_stopped_under_load_loses_and_repeats_nothing(spine: Spine) -> None:
    spine.profile()
    events = [run_finished(f"run-{number}") for number in range(300)]
    spine.publish(*events)
    for _ in range(2):
        worker = spine.start("worker")
        before = len(spine.server.transactions)
        spine.server.wait_for(before + 40)
        worker.send_signal(signal.SIGTERM)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert spine.deliveries(state="sending") == []
    spine.start("worker", "--processes", "2")
    spine.start("clock")

    rows = spine.settled(sent=300)
    assert len(spine.server.transactions) == 300
    assert {row["maybe_twice"] for row in rows} == {False}
    spine.balanced()
    assert "Traceback" not in spine.logs()


def test_events_fetched_by_a_killed_worker_come_back(spine: Spine) -> None:
    spine.profile()
    worker = spine.start("worker")
    wait_until(lambda: "worker_started" in spine.logs())
    worker.send_signal(signal.SIGSTOP)
    spine.publish(*(run_finished(f"run-{number}") for number in range(20)))
    worker.kill()
    worker.wait()
    spine.start("worker")
    spine.start("clock")

    spine.settled(sent=20)
    assert len(spine.server.transactions) == 20
