"""Firing: a schedule that is due asks for its report, once, however many clocks look.

The id of a request is made of its schedule and the day it belongs to, and the same transaction moves the schedule on:
asking twice is impossible. Days that were missed because no clock ran are made up for, the newest of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import takewhile

import structlog
from sqlalchemy import Connection, Engine, update
from sqlalchemy.exc import SQLAlchemyError

from consumers.ledger.recording import RecordOutcome, arrival, record_events
from consumers.ledger.schedule_tables import schedules
from consumers.reports.cadence import Due, dues_after
from consumers.reports.schedules import Schedule, due_schedules, to_schedule

log = structlog.get_logger(__name__)

#: Missed reports of one schedule that are made up for. Each is about its own day; a month of them after a long
#: outage would be read by nobody.
MOST_MISSED = 3


def fire_due(engine: Engine, now: int) -> list[int]:
    """Ask for every report that is due at `now` (milliseconds UTC); return the rows of the requests.

    A schedule that cannot be fired is logged and stops no other.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: when the database does not answer.
    """
    with engine.execution_options(reading=True).connect() as connection:
        due = due_schedules(connection, now)
    rows: list[int] = []
    for row in due:
        try:
            schedule = to_schedule(row)
            with engine.begin() as connection:
                asked = fire(connection, schedule, now)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - a schedule nobody can read must not stop the clock
            log.error("schedule_failed", schedule=row.name, error=type(error).__name__)
            continue
        if asked:
            log.info("schedule_fired", schedule=schedule.name, requests=len(asked))
        rows += asked
    return rows


def fire(connection: Connection, schedule: Schedule, now: int) -> list[int]:
    """Move a schedule on and record its requests; none when another clock was quicker."""
    if schedule.next_at is None or schedule.next_day is None:
        return []
    moment = datetime.fromtimestamp(now / 1000, UTC)
    first = Due(schedule.next_day, datetime.fromtimestamp(schedule.next_at / 1000, UTC))
    parts = (schedule.cadence, schedule.wall_time, schedule.zone)
    later = dues_after(*parts, first.moment, first.day)
    dues = [first, *takewhile(lambda due: due.moment <= moment, later)]
    following = next(dues_after(*parts, moment, dues[-1].day))
    moved = connection.execute(
        update(schedules)
        .where(schedules.c.id == schedule.id, schedules.c.next_at == schedule.next_at)
        .values(
            next_at=round(following.moment.timestamp() * 1000),
            next_day=following.day.isoformat(),
            told_day=dues[-1].day.isoformat(),
            updated_at=now,
        )
    )
    if moved.rowcount != 1:
        return []
    requests = [schedule.request_of(f"schedule-{schedule.id}/{due.day}", due.moment) for due in dues[-MOST_MISSED:]]
    arrivals = [arrival(event, event.to_json(), published_at=None, now=now) for event in requests]
    return [each.row_id for each in record_events(connection, arrivals) if each.outcome is RecordOutcome.NEW]
