"""Breakers, shared connections, slowing down and failover: workers in processes of their own, a server that plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update

from consumers.ledger.breakers import MOST_CONNECTIONS, MOST_LOGINS
from consumers.ledger.tables import breakers, deliveries
from profiles.profile import Limits, Security, SmtpSettings
from profiles.store import Credentials
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until
from worker.clock import Clock
from worker.ground import now_milliseconds


def breaker(spine: Spine) -> Any:
    with spine.ground.engine.connect() as connection:
        return connection.execute(select(breakers)).first()


def ticking(clock: Clock, condition: Callable[[], Any]) -> None:
    """Wait for a condition while a clock ticks, as one does every second."""

    def ticked() -> Any:
        clock.tick(take_back=False)
        return condition()

    wait_until(ticked)


def let_probe(spine: Spine) -> None:
    """Let the breaker's wait be over, as if its time had come."""
    with spine.ground.engine.begin() as connection:
        connection.execute(update(breakers).values(open_until=0))


def make_due(spine: Spine) -> None:
    """Let every deferred delivery be due now, as if its time had come."""
    with spine.ground.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.state == "deferred").values(due_at=now_milliseconds()))


def test_a_wrong_password_costs_three_logins_however_many_workers_there_are(
    spine: Spine, start_smtp_server: Any
) -> None:
    server = start_smtp_server(users={"qa": "right"})
    smtp = SmtpSettings(server.host, server.port, Security.NONE, username="qa")
    profile = spine.ground.profiles.add(
        replace(spine.profile(name="Other"), id=0, name="QA alerts", smtp=smtp), Credentials(smtp="wrong")
    )
    spine.start("worker", "--processes", "3")
    spine.start("clock")
    spine.publish(*(run_finished(f"run-{number}") for number in range(30)))

    wait_until(lambda: (found := breaker(spine)) and found.opened_at)
    wait_until(lambda: len(spine.deliveries(state="held")) >= 27)
    assert server.auth_count == MOST_LOGINS
    assert {row["reason"] for row in spine.deliveries(state="held")} == {"breaker_open"}
    assert spine.logs().count("breaker_opened") == 1

    # A person mends the password: the breaker need not wait for its time.
    spine.ground.profiles.update(profile, Credentials(smtp="right"))
    wait_until(lambda: len(server.transactions) >= 27)
    wait_until(lambda: breaker(spine) is None or breaker(spine).opened_at is None)
    make_due(spine)
    spine.settled(sent=30)
    spine.balanced()


@pytest.mark.fault(verb="BANNER", kind="421")
def test_an_open_breaker_probes_with_one_mail_and_closes_by_itself(spine: Spine) -> None:
    spine.profile()
    spine.work()
    clock = spine.clock()
    spine.publish(*(run_finished(f"run-{number}") for number in range(20)))

    ticking(clock, lambda: (found := breaker(spine)) and found.opened_at and spine.deliveries(state="held"))
    tried = spine.server.connections
    assert tried == MOST_CONNECTIONS
    let_probe(spine)
    ticking(clock, lambda: breaker(spine).openings == 2)
    assert spine.server.connections == tried + 1

    spine.server.faults.clear()
    let_probe(spine)
    ticking(clock, lambda: breaker(spine) is None)
    make_due(spine)
    ticking(clock, lambda: len(spine.server.transactions) == 20)
    spine.settled(sent=20)
    spine.balanced()


@pytest.mark.fault(verb="BANNER", kind="421")
def test_a_failover_takes_over_what_it_may_write_to_and_nothing_that_may_have_been_sent(
    spine: Spine, start_smtp_server: Any
) -> None:
    spare = start_smtp_server(faults=[])
    first = spine.profile(failover="Spare")
    spine.ground.profiles.add(
        replace(
            first,
            name="Spare",
            failover=None,
            from_address="spare@example.com",
            allowed_recipients=("example.com",),
            smtp=replace(first.smtp, port=spare.port),
        )
    )
    spine.publish(*(run_finished(f"run-{number}") for number in range(MOST_CONNECTIONS + 3)))
    spine.publish(run_finished("elsewhere", "a@example.org"), run_finished("flagged"))
    spine.work()
    clock = spine.clock()
    wait_until(lambda: len(spine.deliveries()) == MOST_CONNECTIONS + 5)
    flagged = spine.deliveries(event="flagged")[0]["id"]
    with spine.ground.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == flagged).values(maybe_twice=True))

    def handed_over() -> bool:
        make_due(spine)
        return len(spare.transactions) == MOST_CONNECTIONS + 3

    ticking(clock, handed_over)
    rows = {row["event_id"]: row for row in spine.deliveries()}
    assert (rows["elsewhere"]["profile"], rows["flagged"]["profile"]) == ("QA alerts", "QA alerts")
    assert {each.sender for each in spare.transactions} == {"spare@example.com"}
    assert rows["run-0"]["profile"] == "Spare"
    assert spine.server.transactions == []
    spine.balanced()


def test_connections_of_a_profile_are_shared_by_all_workers(spine: Spine) -> None:
    spine.profile(limits=Limits(connections=2))
    spine.server.faults.add(verb="DOT", kind="slow", seconds=0.02)
    seen = set()
    spine.publish(*(run_finished(f"run-{number}") for number in range(120)))
    spine.start("worker", "--processes", "3")
    spine.start("clock")

    def all_sent() -> bool:
        seen.add(spine.server.open_connections)
        return len(spine.server.transactions) == 120

    wait_until(all_sent, 60)
    assert max(seen) <= 2
    spine.settled(sent=120)
    assert spine.deliveries(state="deferred") == []


@pytest.mark.parametrize(
    ("code", "text"), [(432, "4.3.2 too many connections"), (421, "4.7.0 try later"), (451, "4.7.500 busy")]
)
def test_a_server_that_asks_for_it_is_written_to_more_slowly(spine: Spine, code: int, text: str) -> None:
    kind = "421" if code == 421 else "4xx"
    spine.server.faults.add(verb="MAIL", kind=kind, code=code, text=text, times=1)
    spine.profile()
    spine.work()
    spine.publish(run_finished("first"))
    spine.settled(deferred=1)
    wait_until(lambda: breaker(spine) and breaker(spine).slow_level == 1)
    clock = spine.clock()
    spine.publish(*(run_finished(f"run-{number}") for number in range(4)))

    ticking(clock, lambda: len(spine.server.transactions) == 3)
    with spine.ground.engine.connect() as connection:
        claims = list(
            connection.execute(
                select(deliveries.c.claimed_at).where(deliveries.c.id > 1, deliveries.c.claimed_at.is_not(None))
            ).scalars()
        )
    assert all(later - earlier >= 1_000 for earlier, later in pairwise(sorted(claims)))
    assert {row["state"] for row in spine.deliveries()} <= {"sent", "deferred", "pending", "sending"}


@pytest.mark.settings(attempt_seconds=6)
def test_a_mail_begun_before_waits_for_its_like_and_holds_up_no_other(spine: Spine, start_smtp_server: Any) -> None:
    hanging = start_smtp_server()
    hanging.faults.add(verb="MAIL", kind="hang", times=1)
    first = spine.profile(name="A", smtp=SmtpSettings(hanging.host, hanging.port, Security.NONE))
    spine.ground.profiles.add(replace(first, name="B", smtp=replace(first.smtp, port=spine.server.port)))
    spine.publish(run_finished("a", profile="A"))
    planner = spine.work()
    planner.lanes.stop(5)  # plan only: the rows are to be suspects before anybody claims them
    wait_until(lambda: len(spine.deliveries()) == 1)
    with spine.ground.engine.begin() as connection:
        connection.execute(update(deliveries).values(starts=1))
    spine.publish(run_finished("b-suspect", profile="B"))
    wait_until(lambda: len(spine.deliveries()) == 2)
    with spine.ground.engine.begin() as connection:
        connection.execute(update(deliveries).values(starts=1))
    working = spine.work()
    for profile_id in (1, 2):
        working.lanes.ring(profile_id)
    wait_until(lambda: any(line.startswith(b"MAIL") for line in hanging.lines) or spine.server.transactions)

    spine.publish(run_finished("b", profile="B"))
    wait_until(lambda: len(spine.deliveries()) == 3)
    working.lanes.ring(2)
    spine.server.wait_for(1)
    rows = spine.settled(sent=2, deferred=1)
    assert {row["event_id"]: row["state"] for row in rows} == {"a": "deferred", "b-suspect": "sent", "b": "sent"}
