"""Schedules in the database: make, list, remove, pause and resume them. What is due is fired in `firing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from consumers.contract.events import ReportRequested, ReportRequestedData
from consumers.ledger.schedule_tables import schedules
from consumers.mails.zones import zone_named
from consumers.reports.cadence import Cadence, dues_after, read_cadence, read_wall_time
from profiles.profile import Profile
from profiles.tables import ProfileRow  # noqa: F401 - the import declares the table

profiles = SQLModel.metadata.tables["profile"]

#: Source of the requests that schedules make.
SOURCE = "runmail:schedules"


class ScheduleExists(Exception):
    """Raised when the name of a new schedule is taken."""


class UnknownSchedule(Exception):
    """Raised when there is no schedule of a name."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A report that comes again. `request` is the data of its requests but for the profile.

    `profile` is the profile's name as it is now, `zone` the schedule's own or else the profile's.
    """

    id: int
    name: str
    profile: str
    request: Mapping[str, Any]
    cadence: Cadence
    wall_time: time
    zone_name: str
    next_at: int | None
    next_day: date | None
    told_day: date | None

    @property
    def zone(self) -> tzinfo:
        """The zone of its wall time."""
        return zone_named(self.zone_name)

    def request_of(self, event_id: str, moment: datetime) -> ReportRequested:
        """Return the request of this schedule that was due at a moment."""
        said = {"title": self.name, **self.request, "labels": {"schedule": self.name}, "profile": self.profile}
        return ReportRequested.model_validate({"source": SOURCE, "id": event_id, "time": moment, "data": said})


def add_schedule(
    connection: Connection,
    *,
    name: str,
    profile: Profile,
    request: Mapping[str, Any],
    cadence: Cadence,
    wall_time: time,
    zone: str | None,
    now: datetime,
) -> Schedule:
    """Keep a new schedule; its first report is the next that is due.

    Raises:
        ScheduleExists: when the name is taken.
        pydantic.ValidationError: when `request` is no data of a request for a report.
    """
    ReportRequestedData.model_validate({**request, "profile": profile.name})
    first = next(dues_after(cadence, wall_time, zone_named(zone or profile.timezone), now))
    at = round(now.timestamp() * 1000)
    try:
        connection.execute(
            insert(schedules).values(
                name=name,
                profile_id=profile.id,
                profile=profile.name,
                request=dict(request),
                cadence=str(cadence),
                wall_time=f"{wall_time:%H:%M}",
                zone=zone,
                next_at=round(first.moment.timestamp() * 1000),
                next_day=first.day.isoformat(),
                created_at=at,
                updated_at=at,
            )
        )
    except IntegrityError:
        raise ScheduleExists(name) from None
    return find_schedule(connection, name)


def list_schedules(connection: Connection) -> list[Schedule]:
    """Return the schedules, the next due first, paused ones last."""
    rows = connection.execute(_query().order_by(schedules.c.next_at.is_(None), schedules.c.next_at, schedules.c.name))
    return [to_schedule(row) for row in rows]


def find_schedule(connection: Connection, name: str) -> Schedule:
    """Return the schedule of a name.

    Raises:
        UnknownSchedule: when there is none.
    """
    row = connection.execute(_query().where(schedules.c.name == name)).first()
    if row is None:
        raise UnknownSchedule(name)
    return to_schedule(row)


def remove_schedule(connection: Connection, name: str) -> None:
    """Remove a schedule; what it asked for stays.

    Raises:
        UnknownSchedule: when there is none.
    """
    if connection.execute(delete(schedules).where(schedules.c.name == name)).rowcount == 0:
        raise UnknownSchedule(name)


def pause_schedule(connection: Connection, name: str, now: datetime) -> None:
    """Let a schedule ask for nothing until it is resumed.

    Raises:
        UnknownSchedule: when there is none.
    """
    _set_next(connection, find_schedule(connection, name), None, None, now)


def resume_schedule(connection: Connection, name: str, now: datetime) -> Schedule:
    """Let a schedule go on with the next report that is due; what it missed meanwhile stays untold.

    Raises:
        UnknownSchedule: when there is none.
    """
    kept = find_schedule(connection, name)
    first = next(dues_after(kept.cadence, kept.wall_time, kept.zone, now, kept.told_day))
    _set_next(connection, kept, round(first.moment.timestamp() * 1000), first.day, now)
    return find_schedule(connection, name)


def due_schedules(connection: Connection, now: int) -> list[Row[Any]]:
    """Return the rows of the schedules that are due at `now` (milliseconds UTC), to be read by `to_schedule`."""
    return list(connection.execute(_query().where(schedules.c.next_at <= now).order_by(schedules.c.next_at)))


def to_schedule(row: Row[Any]) -> Schedule:
    """Read a row.

    Raises:
        NoCadence: for one that a newer program wrote and this one does not understand.
    """
    return Schedule(
        id=row.id,
        name=row.name,
        profile=row.profile_name,
        request=row.request,
        cadence=read_cadence(row.cadence),
        wall_time=read_wall_time(row.wall_time),
        zone_name=row.zone_name,
        next_at=row.next_at,
        next_day=date.fromisoformat(row.next_day) if row.next_day else None,
        told_day=date.fromisoformat(row.told_day) if row.told_day else None,
    )


def next_moment(schedule: Schedule) -> datetime | None:
    """Return when a schedule is due next (UTC); None while it is paused."""
    return None if schedule.next_at is None else datetime.fromtimestamp(schedule.next_at / 1000, UTC)


def _query() -> Select[Any]:
    return select(
        schedules,
        func.coalesce(profiles.c.name, schedules.c.profile).label("profile_name"),
        func.coalesce(schedules.c.zone, profiles.c.timezone, "UTC").label("zone_name"),
    ).select_from(schedules.outerjoin(profiles, profiles.c.id == schedules.c.profile_id))


def _set_next(connection: Connection, kept: Schedule, at: int | None, day: date | None, now: datetime) -> None:
    connection.execute(
        update(schedules)
        .where(schedules.c.id == kept.id)
        .values(next_at=at, next_day=day.isoformat() if day else None, updated_at=round(now.timestamp() * 1000))
    )
