"""A request for a report becomes one summary mail, whatever happens on the way."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import func, select

from consumers.ledger.run_tables import run_tests, runs
from tests.reports.conftest import failing, request_event, run_event
from tests.rig.spine import Spine
from tests.rig.waiting import wait_until


def summary_of(spine: Spine) -> dict[str, Any]:
    """Return the data of the only summary."""
    (row,) = spine.events(type="runmail.summary.ready")
    from consumers.views.events import show_event

    with spine.ground.engine.connect() as connection:
        shown = show_event(connection, row["id"])
    assert shown is not None
    found: dict[str, Any] = shown["content"]["data"]
    return found


def skipped(spine: Spine, reason: str, count: int = 1) -> list[dict[str, Any]]:
    """Wait until so many events are skipped for a reason; return them."""

    def found() -> list[dict[str, Any]]:
        return [row for row in spine.events(state="skipped") if row["reason"] == reason]

    wait_until(lambda: len(found()) >= count)
    return found()


def publish_week(spine: Spine) -> None:
    """Publish three runs of the 18th and three of the 19th of November, and wait until they are told."""
    spine.publish(
        run_event("1", "2026-11-18T09:00:00Z", duration_seconds=60, **failing("test_card")),
        run_event("2", "2026-11-18T12:00:00Z", duration_seconds=60),
        run_event("3", "2026-11-18T22:59:59Z", duration_seconds=90, **failing("test_card", "test_login")),
        run_event("4", "2026-11-18T23:00:00Z", duration_seconds=70, **failing("test_card")),
        run_event("5", "2026-11-19T12:00:00Z", duration_seconds=90, **failing("test_card", flaky=("test_cart",))),
        run_event("6", "2026-11-19T22:00:00Z", suite="web", duration_seconds=200),
        run_event("7", "2026-11-19T23:00:00Z", suite="web", **failing("test_menu")),
    )
    spine.settled(sent=7)


def test_a_request_is_answered_by_one_summary_of_its_period(database: str, spine: Spine) -> None:
    """Days are those of Berlin, one hour ahead of UTC in November."""
    spine.profile(timezone="Europe/Berlin")
    spine.work()
    publish_week(spine)
    spine.publish(request_event(), request_event())

    spine.settled(sent=8)
    (request,) = skipped(spine, "answered")
    assert request["detail"].startswith("answered by the event ")
    found = summary_of(spine)
    assert found["period"] == {"from": "2026-11-18T23:00:00Z", "to": "2026-11-19T23:00:00Z"}
    assert found["totals"]["runs"] == 3
    assert (found["totals"]["passed"], found["totals"]["failed"], found["totals"]["flaky"]) == (28, 2, 1)
    assert found["totals_before"]["runs"] == 3
    assert [(row["suite"], row["runs"], row["failed"], row["pass_rate"]) for row in found["suites"]] == [
        ("checkout-api", 2, 2, 0.9),
        ("web", 1, 0, 1.0),
    ]
    assert found["suites"][0]["trend"] == [0.9, 1.0, 0.8, 0.9, 0.9]
    assert found["suites"][0]["pass_rate_before"] == 0.9
    assert found["worst"] == [
        {
            "name": "test_card",
            "suite": "checkout-api",
            "branch": "main",
            "failures": 2,
            "since": "2026-11-18T22:59:59Z",
        }
    ]
    assert found["slowest"][0] == {"suite": "web", "duration_seconds": 200.0}
    assert found["slowest"][1] == {"suite": "checkout-api", "duration_seconds": 80.0, "duration_before": 60.0}
    assert found["flaky"] == [{"name": "test_cart", "suite": "checkout-api", "times": 1}]
    (mail,) = [each for each in spine.server.transactions if b"To: lead@example.com" in each.message]
    assert mail.message.count(b"Content-ID: ") == 2
    spine.balanced()


def test_recording_a_run_twice_is_impossible_and_its_names_are_bounded(database: str, spine: Spine) -> None:
    spine.profile()
    spine.work()
    many = run_event("1", "2026-11-18T09:00:00Z", counts={"failed": 500}, outcome="failed")
    many["data"]["failures"] = [{"name": f"test {number}"} for number in range(500)]
    spine.publish(many, many)
    spine.settled(sent=1)
    spine.publish(many)

    with spine.ground.engine.connect() as connection:
        (run,) = connection.execute(select(runs))
        assert (run.failed, run.unnamed) == (500, 300)
        assert connection.execute(select(func.count()).select_from(run_tests)).scalar() == 200


def test_nothing_to_report_is_no_mail_where_it_was_asked_so_and_one_otherwise(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(request_event("quiet", skip_empty=True), request_event("told"))

    spine.settled(sent=1)
    (row,) = skipped(spine, "nothing_to_report")
    assert row["event_id"] == "quiet"
    assert summary_of(spine)["totals"]["runs"] == 0
    spine.balanced()


def test_a_late_report_is_about_its_own_day(spine: Spine) -> None:
    """Without a time of its own it is the day on which it was published: nobody worked then."""
    spine.profile()
    body = {
        "queue_name": "events",
        "actor_name": "accept",
        "args": [request_event(time=None)],
        "kwargs": {},
        "options": {},
        "message_id": "m",
        # 20 November 2026, 06:30 UTC
        "message_timestamp": 1_795_156_200_000 - 400 * 86_400_000,
    }
    spine.push("m", json.dumps(body).encode())
    spine.work()
    spine.settled(sent=1)

    assert summary_of(spine)["period"]["to"] == "2025-10-16T00:00:00Z"


def test_a_request_of_an_unknown_profile_is_answered_once_somebody_makes_it(spine: Spine) -> None:
    spine.work()
    spine.publish(request_event())
    wait_until(lambda: spine.events(state="quarantined"))
    spine.profile()
    assert spine.run("events", "replay", "daily").returncode == 0

    spine.settled(sent=1)
    spine.balanced()


def test_a_request_that_is_replayed_keeps_its_first_answer(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(request_event())
    spine.settled(sent=1)
    skipped(spine, "answered")
    spine.publish(run_event("late", "2026-11-19T12:00:00Z"))
    spine.settled(sent=2)
    assert spine.run("events", "replay", "daily").returncode == 0

    skipped(spine, "answered")
    assert len(spine.events(type="runmail.summary.ready")) == 1
    assert summary_of(spine)["totals"]["runs"] == 0
