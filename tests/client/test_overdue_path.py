"""The deadline of a run on the whole path: Redis, a database, workers, clocks, a mail server."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from consumers.ledger.tables import awaited_runs
from tests.rig.spine import Spine, queue_message, run_finished
from tests.rig.waiting import wait_until
from worker.ground import now_milliseconds

pytestmark = pytest.mark.real("redis")

#: Seconds; several processes start in that time, on a busy machine.
LONG = 90.0


def run_started(number: int = 1, seconds: float = 1, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "runmail.run.started",
        "id": f"run-{number}/started",
        "source": "ci.example.com/checkout-api",
        "data": {
            "profile": "QA alerts",
            "recipients": ["team@example.com"],
            "suite": "checkout-api",
            "finish_id": f"run-{number}",
            "deadline_seconds": seconds,
            **more,
        },
    }


def awaited(spine: Spine) -> int:
    with spine.ground.engine.connect() as connection:
        return len(connection.execute(awaited_runs.select()).all())


def is_due(spine: Spine) -> bool:
    with spine.ground.engine.connect() as connection:
        due: int = connection.execute(awaited_runs.select()).one().due_at
    return now_milliseconds() > due


def states(spine: Spine) -> dict[str, tuple[str, str | None]]:
    return {each["event_id"]: (each["state"], each["reason"]) for each in spine.events()}


def test_a_cancelled_job_is_one_mail_though_workers_and_redis_were_lost_meanwhile_and_two_clocks_run(
    database: str, spine: Spine
) -> None:
    spine.profile()
    worker = spine.start("worker")
    spine.publish(run_started(1), run_started(2), run_finished("run-2"))
    wait_until(lambda: [each["state"] for each in spine.deliveries()] == ["sent"], LONG)
    wait_until(lambda: states(spine).get("run-1/started") == ("skipped", "waits_for_finish"))
    assert awaited(spine) == 2
    worker.kill()
    worker.wait()
    redis.Redis.from_url(spine.broker_url).flushdb()
    clocks = [spine.start("clock"), spine.start("clock")]
    spine.work()

    wait_until(lambda: [each["state"] for each in spine.deliveries()] == ["sent", "sent"], LONG)
    assert awaited(spine) == 0
    assert [clock.poll() for clock in clocks] == [None, None]
    assert len(spine.server.transactions) == 2
    assert set(states(spine)) == {"run-1/started", "run-1/overdue", "run-2/started", "run-2"}
    spine.balanced()


def test_a_late_end_is_a_mail_of_its_own(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_started())
    clock = spine.clock()
    wait_until(lambda: clock.tick(take_back=False) and spine.deliveries())
    spine.settled(sent=1)
    spine.publish(run_finished("run-1"))

    spine.settled(sent=2)
    assert {state for state, _ in states(spine).values()} == {"skipped", "planned"}
    spine.balanced()


def test_a_run_is_not_told_while_its_end_may_wait_on_the_queue(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_started())
    wait_until(lambda: awaited(spine))
    spine.stack.pop()()  # stops the worker
    spine.publish(run_finished("run-1"))
    clock = spine.clock()
    wait_until(lambda: is_due(spine))
    clock.tick(take_back=False)
    assert set(states(spine)) == {"run-1/started"}

    spine.work()
    spine.settled(sent=1)
    wait_until(lambda: clock.tick(take_back=False) and awaited(spine) == 0)
    assert set(states(spine)) == {"run-1/started", "run-1"}


def test_a_start_for_an_unknown_profile_is_quarantined_and_so_is_its_overdue_end(spine: Spine) -> None:
    spine.work()
    spine.publish(run_started(profile="not made yet"))
    clock = spine.clock()
    wait_until(lambda: clock.tick(take_back=False) and "run-1/overdue" in states(spine))

    wait_until(lambda: set(states(spine).values()) == {("quarantined", "unknown_profile")})


def test_a_start_that_is_no_event_is_quarantined_with_the_reason(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.push("long", queue_message(run_started(seconds=8 * 86_400)))
    spine.push("none", queue_message(run_started(2, finish_id="x" * 501)))

    wait_until(lambda: len(spine.events(state="quarantined")) == 2)
    assert {each["detail"] for each in spine.events()} == {
        "data.deadline_seconds: should be less than or equal to 604800",
        "data.finish_id: is longer than 500 characters",
    }
    assert awaited(spine) == 0
