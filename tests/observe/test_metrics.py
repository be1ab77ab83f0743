"""What is counted is what happened, under names and labels that the page documents."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from consumers.facts import (
    AttemptEnded,
    EventPlanned,
    EventRecorded,
    EventRefused,
    Fact,
    GroupCommitted,
    LedgerLost,
    Origin,
    TemplateFailed,
)
from consumers.ledger.states import AttemptOutcome, DeliveryState, EventState
from consumers.views.waiting_now import waiting_now
from tests.observe.conftest import ROOT, fetch, listening, report, samples
from tests.rig.spine import Spine, queue_message, run_finished
from tests.rig.waiting import wait_until
from worker.metrics import WorkerMetrics, exposed
from worker.metrics_clock import BacklogReader, ClockMetrics
from worker.queue_backlog import read_queue
from worker.watch import to_all

ORIGIN = Origin("ci.example.com/shop", "run-1", "runmail.run.finished")


def attempt(**changes: Any) -> AttemptEnded:
    values: dict[str, Any] = {
        "origin": ORIGIN,
        "delivery": 1,
        "profile": "QA alerts",
        "state": DeliveryState.SENT,
        "outcome": AttemptOutcome.TAKEN,
        "reason": None,
        "code": 250,
        "created_at": 1_000,
        "started_at": 3_000,
        "ended_at": 3_200,
        "phases": (),
    }
    return AttemptEnded(**{**values, **changes})


@pytest.mark.parametrize(
    ("fact", "sample", "value"),
    [
        (EventRecorded(ORIGIN, "new", 500, 600, 700), 'runmail_events_recorded_total{outcome="new"}', 1),
        (EventRecorded(ORIGIN, "new", 500, 600, 700), "runmail_publish_to_recorded_seconds_sum", 0.2),
        (EventRecorded(ORIGIN, "new", 9_500, 600, 700), "runmail_publish_to_recorded_seconds_sum", 0),
        (EventRecorded(ORIGIN, "repeat", 500, 600, 700), "runmail_publish_to_recorded_seconds_count", 0),
        (EventRecorded(ORIGIN, "conflicting", 5, 6, 7), '_quarantined_total{reason="conflicting_repeat"}', 1),
        (EventRefused("not_json"), 'runmail_events_quarantined_total{reason="not_json"}', 1),
        (EventPlanned(ORIGIN, EventState.PLANNED, None, 2, 0, 1), 'events_planned_total{state="planned"}', 1),
        (
            EventPlanned(ORIGIN, EventState.QUARANTINED, "unknown_profile", 0, 0, 1),
            'runmail_events_quarantined_total{reason="unknown_profile"}',
            1,
        ),
        (attempt(), 'runmail_attempts_total{outcome="taken",profile="QA alerts",reason=""}', 1),
        (attempt(), 'runmail_deliveries_settled_total{profile="QA alerts",state="sent"}', 1),
        (attempt(), 'runmail_attempt_seconds_sum{outcome="taken"}', 0.2),
        (attempt(), "runmail_planned_to_taken_seconds_sum", 2.2),
        (attempt(outcome=AttemptOutcome.REFUSED), "runmail_planned_to_taken_seconds_count", 0),
        (GroupCommitted(7, 0.01), "runmail_ledger_group_items_sum", 7),
        (GroupCommitted(7, 0.01), "runmail_ledger_commit_seconds_sum", 0.01),
        (LedgerLost(), "runmail_ledger_away", 1),
        (LedgerLost(), "runmail_ledger_lost_total", 1),
        (TemplateFailed("alert"), 'runmail_template_failures_total{template="alert"}', 1),
    ],
)
def test_a_fact_is_counted_where_it_belongs(fact: Fact, sample: str, value: float) -> None:
    metrics = WorkerMetrics()
    metrics.tell(fact)

    (line,) = [line for line in exposed(metrics.registry).decode().splitlines() if sample in line and line[0] != "#"]
    assert float(line.rpartition(" ")[2]) == pytest.approx(value)


def test_a_listener_that_breaks_costs_neither_the_path_nor_the_others_anything() -> None:
    told: list[Fact] = []

    def breaks(fact: Fact) -> None:
        raise RuntimeError("no")

    to_all([breaks, told.append])(LedgerLost())

    assert told == [LedgerLost()]


def test_the_ledger_is_back_once_it_commits() -> None:
    metrics = WorkerMetrics()
    metrics.tell(LedgerLost())
    metrics.tell(GroupCommitted(1, 0.01))

    assert "runmail_ledger_away 0.0" in exposed(metrics.registry).decode()


def test_every_metric_stands_on_the_page_with_its_kind_and_labels_and_nothing_else_does() -> None:
    worker, clock = WorkerMetrics(), ClockMetrics()
    worker.watch(connections=lambda: {"QA alerts": 1}, in_hand=lambda: 0)
    page = (ROOT / "docs" / "observing.md").read_text("utf-8")
    rows = re.findall(r"^\| `(runmail_\w+)` \| (\w+) \| ([^|]*) \| (worker|clock|both) \|", page, re.MULTILINE)

    documented = {(name, kind, labels.replace("`", "").strip(), where) for name, kind, labels, where in rows}
    shown = {(*each, "worker") for each in described(worker.registry)} | {
        (*each, "clock") for each in described(clock.registry)
    }
    shown = {each for each in shown if each[0] != "runmail_build"} | {
        ("runmail_build", "gauge", "version, python", "both")
    }
    assert documented == shown


def described(registry: CollectorRegistry) -> set[tuple[str, str, str]]:
    """Return name, kind and labels of every metric of ours in a registry."""
    found = set()
    for collector in {*registry._collector_to_names}:
        for family in collector.describe() if hasattr(collector, "describe") else ():
            if family.name.startswith("runmail_"):
                labels = getattr(collector, "_labelnames", None) or getattr(family, "_labelnames", ())
                name = f"{family.name}_total" if family.type == "counter" else family.name
                found.add((name, family.type, ", ".join(labels)))
    return found


def test_a_worker_process_shows_what_it_did(spine: Spine) -> None:
    spine.profile()
    spine.start("worker", RUNMAIL_HEALTH_PORT="0")
    (port,) = listening(spine)
    spine.publish(run_finished("run-1", "a@example.com", "b@example.com"), run_finished("run-2", profile="unknown"))
    spine.push("garbage", b"\x00 no queue message")
    spine.push("no-event", queue_message({"specversion": "1.0"}))
    spine.settled(sent=2)

    found = wait_until(lambda: (now := samples(port)).get("runmail_planned_to_taken_seconds_count") == 2 and now)
    assert found['runmail_events_recorded_total{outcome="new"}'] == 2
    assert found['runmail_events_planned_total{state="planned"}'] == 1
    assert found['runmail_deliveries_settled_total{profile="QA alerts",state="sent"}'] == 2
    assert found['runmail_attempts_total{outcome="taken",profile="QA alerts",reason=""}'] == 2
    assert 1 <= found['runmail_connections{profile="QA alerts"}'] <= 4
    assert found["runmail_deliveries_in_hand"] == 0
    assert found["runmail_ledger_group_items_count"] > 0
    assert found["process_cpu_seconds_total"] > 0
    reasons = {"unknown_profile", "not_a_queue_message", "missing_attribute"}
    wait_until(
        lambda: {f'runmail_events_quarantined_total{{reason="{each}"}}' for each in reasons} <= set(samples(port))
    )
    text = fetch(port, "/metrics")[1]
    assert not any(word in text for word in ("a@example.com", "checkout-api", "run-1"))
    assert report(port, "/healthz")[0] == 200
    status, checks = report(port, "/readyz")
    assert (status, set(checks)) == (200, {"database", "broker"})


def test_clocks_show_the_lease_and_the_one_that_has_it_the_backlog(spine: Spine) -> None:
    spine.profile(enabled=False)
    spine.publish(run_finished("run-1"))
    spine.start("clock", "--health-port", "0")
    spine.start("clock", "--health-port", "0")
    ports = listening(spine, 2)

    wait_until(lambda: sum(samples(port)["runmail_clock_has_lease"] for port in ports) == 1, 60)
    having = [port for port in ports if samples(port)["runmail_clock_has_lease"]]
    found = wait_until(lambda: (now := samples(having[0])).get('runmail_queue_messages{queue="events"}') and now, 60)
    assert found['runmail_queue_messages{queue="events"}'] == 1
    assert found['runmail_queue_oldest_seconds{queue="events"}'] > 0
    assert found['runmail_deliveries_waiting{state="uncertain"}'] == 0
    assert found["runmail_sweep_seconds_count"] > 0
    (other,) = set(ports) - set(having)
    assert not any("waiting" in name or "queue_" in name for name in samples(other))
    assert report(other, "/readyz")[1]["lease"]["said"] == "another clock has it, or none yet"
    assert report(having[0], "/healthz") == (200, {"ticks": {"ok": True, "said": "go on"}})


def test_the_backlog_counts_what_waits_and_says_since_when(spine: Spine) -> None:
    spine.profile()
    spine.server.stop()
    spine.work()
    spine.publish(run_finished("run-1"), run_finished("run-2", profile="unknown"))
    spine.settled(deferred=1)
    broker = spine.clock()._bells.broker
    spine.stack.pop()()
    spine.push("first", queue_message({}, message_timestamp=1_000))
    spine.push("second", queue_message({}, message_timestamp=9_000))

    with spine.ground.engine.connect() as connection:
        soon = waiting_now(connection, 0)
        later = waiting_now(connection, 1 << 45)
    assert (soon.deliveries["deferred"], soon.events["quarantined"], soon.due_seconds(0)) == (1, 1, 0)
    assert later.due_seconds(1 << 45) > 0
    found = read_queue(broker, "events", 5_000)
    assert (found.messages, found.oldest) == (2, 4.0)
    assert read_queue(broker, "deliveries", 5_000).oldest == 0.0


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"[" * 100_000, b'{"message_timestamp": "x"}', b"{}"])
def test_garbage_at_the_head_of_a_queue_has_no_age_and_stops_nothing(spine: Spine, body: bytes) -> None:
    spine.push("first", body)

    found = read_queue(spine.clock()._bells.broker, "events", 5_000)

    assert (found.messages, found.oldest) == (1, None)


def test_a_backlog_that_cannot_be_read_keeps_the_last_and_goes_on(spine: Spine) -> None:
    metrics = ClockMetrics()
    bells = spine.clock()._bells
    reader = BacklogReader(spine.ground.engine, bells.broker, ["events"], metrics, lambda: 0)
    reader.look()
    with spine.ground.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE delivery RENAME TO gone")
    reader.look()

    assert 'runmail_deliveries_waiting{state="pending"} 0.0' in exposed(metrics.registry).decode()
    metrics.ticked(None, 0.0)
    assert "runmail_deliveries_waiting{" not in exposed(metrics.registry).decode()
