"""Schedules ask for their reports once, however many clocks look, and make up for what was missed."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from consumers.ledger.schedule_tables import schedules
from consumers.ledger.tables import events
from consumers.reports.cadence import read_cadence
from consumers.reports.firing import MOST_MISSED, fire, fire_due
from consumers.reports.schedules import (
    Schedule,
    ScheduleExists,
    UnknownSchedule,
    add_schedule,
    find_schedule,
    list_schedules,
    pause_schedule,
    remove_schedule,
    resume_schedule,
)
from profiles.profile import Profile, Security, SmtpSettings
from tests.reports.conftest import run_event
from tests.rig.spine import Spine
from tests.rig.waiting import wait_until
from worker.ground import now_milliseconds

MADE = datetime(2026, 11, 16, 12, tzinfo=UTC)
PROFILE = Profile(
    id=1,
    name="QA alerts",
    from_address="qa@example.com",
    smtp=SmtpSettings("localhost", 25, Security.NONE),
    timezone="Europe/Berlin",
)


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def keep(engine: Engine, name: str = "Daily", cadence: str = "daily", **more: Any) -> Schedule:
    with engine.begin() as connection:
        return add_schedule(
            connection,
            **{
                "name": name,
                "profile": PROFILE,
                "request": {"period": "yesterday", "recipients": ["lead@example.com"]},
                "cadence": read_cadence(cadence),
                "wall_time": time(7, 30),
                "zone": "Europe/Berlin",
                "now": MADE,
                **more,
            },
        )


def requests(engine: Engine) -> list[tuple[str, str]]:
    """Return id and time of every request."""
    with engine.connect() as connection:
        rows = connection.execute(select(events.c.event_id, events.c.body).order_by(events.c.id))
        return [(row.event_id, json.loads(row.body)["time"]) for row in rows]


def test_a_schedule_asks_when_it_is_due_and_not_before(engine: Engine) -> None:
    kept = keep(engine)

    assert fire_due(engine, milliseconds("2026-11-17T06:29:59")) == []
    assert len(fire_due(engine, milliseconds("2026-11-17T06:30:00"))) == 1
    assert fire_due(engine, milliseconds("2026-11-17T06:30:01")) == []
    assert len(fire_due(engine, milliseconds("2026-11-18T06:30:00"))) == 1
    assert requests(engine) == [
        (f"schedule-{kept.id}/2026-11-17", "2026-11-17T06:30:00Z"),
        (f"schedule-{kept.id}/2026-11-18", "2026-11-18T06:30:00Z"),
    ]


def test_clocks_that_look_at_the_same_moment_ask_once(engine: Engine) -> None:
    for number in range(5):
        keep(engine, f"Daily {number}")
    now = milliseconds("2026-11-17T06:30:00")
    with ThreadPoolExecutor(6) as clocks:
        found = list(clocks.map(lambda _: fire_due(engine, now), range(6)))

    assert sum(len(rows) for rows in found) == 5
    assert len(requests(engine)) == 5


def test_a_clock_that_read_before_another_fired_asks_for_nothing(engine: Engine) -> None:
    keep(engine)
    with engine.connect() as connection:
        seen = find_schedule(connection, "Daily")
    now = milliseconds("2026-11-17T06:30:00")
    assert len(fire_due(engine, now)) == 1
    with engine.begin() as connection:
        assert fire(connection, seen, now) == []


def test_missed_days_are_made_up_for_each_with_its_own_day_and_only_the_newest(engine: Engine) -> None:
    kept = keep(engine)
    assert len(fire_due(engine, milliseconds("2026-11-26T10:00:00"))) == MOST_MISSED
    assert fire_due(engine, milliseconds("2026-11-26T10:00:01")) == []

    assert requests(engine) == [
        (f"schedule-{kept.id}/2026-11-{day}", f"2026-11-{day}T06:30:00Z") for day in (24, 25, 26)
    ]
    with engine.connect() as connection:
        (found,) = list_schedules(connection)
    assert str(found.next_day) == "2026-11-27"


def test_a_schedule_that_cannot_be_read_stops_no_other(engine: Engine) -> None:
    """A newer program may know cadences that this one does not."""
    keep(engine, "Newer")
    keep(engine, "Ours")
    with engine.begin() as connection:
        connection.execute(update(schedules).where(schedules.c.name == "Newer").values(cadence="hourly"))

    assert len(fire_due(engine, milliseconds("2026-11-17T06:30:00"))) == 1


def test_names_are_unique_and_unknown_ones_are_said(engine: Engine) -> None:
    keep(engine)
    with pytest.raises(ScheduleExists):
        keep(engine)
    with engine.begin() as connection:
        remove_schedule(connection, "Daily")
        assert list_schedules(connection) == []
        for action in (remove_schedule, find_schedule):
            with pytest.raises(UnknownSchedule):
                action(connection, "Daily")


def test_a_schedule_made_anew_is_another_one(engine: Engine) -> None:
    first = keep(engine)
    with engine.begin() as connection:
        remove_schedule(connection, "Daily")

    assert keep(engine).id != first.id


def test_a_paused_schedule_asks_for_nothing_and_goes_on_with_the_next(engine: Engine) -> None:
    keep(engine)
    with engine.begin() as connection:
        pause_schedule(connection, "Daily", MADE)
    assert fire_due(engine, milliseconds("2026-11-20T12:00:00")) == []
    with engine.begin() as connection:
        found = resume_schedule(connection, "Daily", MADE + timedelta(days=4))

    assert found.next_at == milliseconds("2026-11-21T06:30:00")
    assert requests(engine) == []


def test_a_due_schedule_becomes_one_mail_about_its_own_day(database: str, spine: Spine) -> None:
    """Two clocks tick; the profile was renamed since; the zone is the profile's."""
    profile = spine.profile(timezone="Europe/Berlin")
    spine.work()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    spine.publish(run_event("1", f"{yesterday:%Y-%m-%dT12:00:00Z}"))
    spine.settled(sent=1)
    # Made two days ago, so that the report of yesterday and of today may be missed.
    made = datetime.now(UTC) - timedelta(days=1)
    with spine.ground.engine.begin() as connection:
        kept = add_schedule(
            connection,
            name="Daily report",
            profile=profile,
            request={"period": "yesterday", "recipients": ["lead@example.com"]},
            cadence=read_cadence("daily"),
            wall_time=time((made + timedelta(minutes=5)).hour, (made + timedelta(minutes=5)).minute),
            zone="UTC",
            now=made,
        )
        connection.execute(update(schedules).values(next_at=now_milliseconds() - 1000))
    spine.ground.profiles.update(Profile(**{**{n: getattr(profile, n) for n in profile.__slots__}, "name": "Renamed"}))
    one, other = spine.clock(), spine.clock()
    one.tick(take_back=False)
    other.tick(take_back=False)

    spine.settled(sent=2)
    (request,) = spine.events(type="runmail.report.requested")
    assert request["event_id"] == f"schedule-{kept.id}/{kept.next_day}"
    assert request["profile"] == "Renamed"
    wait_until(lambda: spine.events(state="skipped"))
    spine.balanced()
