"""`runmail schedules`: reports that come again, for those who have no scheduler. The clock asks for them."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from consumers.mails.words import moment
from consumers.reports.cadence import PERIODS, WEEKDAYS, Cadence, NoCadence, read_cadence, read_wall_time
from consumers.reports.schedules import (
    Schedule,
    ScheduleExists,
    UnknownSchedule,
    add_schedule,
    find_schedule,
    list_schedules,
    next_moment,
    pause_schedule,
    remove_schedule,
    resume_schedule,
)
from consumers.views.shown_times import shown_time
from profiles.errors import UnknownProfile
from worker.cli import shown, standing
from worker.cli.publishing import Outcome, publish
from worker.cli.report_options import (
    Branch,
    Environment,
    PeriodOption,
    ProfileOption,
    RunsOf,
    SkipEmpty,
    Suite,
    Title,
    To,
    addresses,
    read_request,
    request_data,
)

app = typer.Typer(
    help="Reports that come again, for those who have no scheduler. A running clock asks for them.",
    no_args_is_help=True,
    epilog="Example: runmail schedules add 'Daily report' --profile 'QA alerts' --daily 07:30",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Name = Annotated[str, typer.Argument(help="Name of the schedule.")]


@app.command(epilog="Example: runmail schedules add 'Weekly report' --profile 'QA alerts' --weekly mon 08:00")
def add(
    name: Name,
    profile: ProfileOption,
    to: To = None,
    daily: Annotated[str | None, typer.Option(metavar="TIME", help="Every day at a time such as 07:30.")] = None,
    weekdays: Annotated[str | None, typer.Option(metavar="TIME", help="From Monday to Friday.")] = None,
    weekly: Annotated[
        tuple[str, str] | None, typer.Option(metavar="DAY TIME", help=f"Once a week; DAY is {', '.join(WEEKDAYS)}.")
    ] = None,
    monthly: Annotated[
        tuple[int, str] | None, typer.Option(metavar="DAY TIME", help="Once a month; 31 is the last day of each.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Time zone of the time, such as Europe/Berlin. Default: the profile's.")
    ] = None,
    period: PeriodOption = None,
    suite: Suite = None,
    branch: Branch = None,
    environment: Environment = None,
    runs_of: RunsOf = None,
    title: Title = None,
    skip_empty: SkipEmpty = False,
    as_json: AsJson = False,
) -> None:
    """Keep a schedule: every day, on weekdays, every week or every month at a time of day.

    Without --period a report is about what was complete last: yesterday, the days since the last working day, last week
    or last month.
    """
    cadence, wall_time = _cadence(daily, weekdays, weekly, monthly)
    _check_zone(timezone)
    now = datetime.now(UTC)
    request = request_data(
        recipients=addresses(to),
        period=period or PERIODS[cadence.kind],
        suites=suite,
        branch=branch,
        environment=environment,
        runs_of=runs_of,
        title=title,
        skip_empty=skip_empty,
    )
    read_request("checked", "checked", now, {**request, "profile": profile})
    if not 0 < len(name.strip()) <= 100 or not name.isprintable():
        shown.fail("the name of a schedule has 1 to 100 printable characters", 2)
    ground = standing.ground()
    try:
        found = ground.profiles.by_name(profile)
        with ground.engine.begin() as connection:
            kept = add_schedule(
                connection,
                name=name.strip(),
                profile=found,
                request=request,
                cadence=cadence,
                wall_time=wall_time,
                zone=timezone,
                now=now,
            )
    except UnknownProfile as error:
        shown.fail(str(error))
    except ScheduleExists:
        shown.fail(f"there is a schedule “{name}”: `runmail schedules remove` takes it away")
    if as_json:
        shown.print_json(_as_json(kept))
    else:
        shown.say(f"Schedule “{kept.name}” is kept; first report: {_next_words(kept)}")


@app.command("list", epilog="Example: runmail schedules list --json")
def list_(as_json: AsJson = False) -> None:
    """List the schedules with the next report of each."""
    with standing.ground().engine.execution_options(reading=True).connect() as connection:
        found = list_schedules(connection)
    if as_json:
        shown.print_json([_as_json(each) for each in found])
    elif not found:
        shown.say("No schedules. Make one with: runmail schedules add")
    else:
        shown.print_table(
            ("name", "profile", "when", "about", "next report", "last told"),
            (
                (
                    each.name,
                    each.profile,
                    f"{each.cadence} {each.wall_time:%H:%M}",
                    each.request["period"],
                    _next_words(each),
                    each.told_day or "never",
                )
                for each in found
            ),
        )


@app.command(epilog="Example: runmail schedules remove 'Daily report'")
def remove(name: Name, as_json: AsJson = False) -> None:
    """Remove a schedule; reports it asked for already are sent."""
    try:
        with standing.ground().engine.begin() as connection:
            remove_schedule(connection, name)
    except UnknownSchedule:
        _fail_unknown(name)
    _tell(name, "removed", as_json=as_json)


@app.command(epilog="Example: runmail schedules pause 'Daily report'")
def pause(name: Name, as_json: AsJson = False) -> None:
    """Let a schedule rest until it is resumed."""
    try:
        with standing.ground().engine.begin() as connection:
            pause_schedule(connection, name, datetime.now(UTC))
    except UnknownSchedule:
        _fail_unknown(name)
    _tell(name, "paused", as_json=as_json)


@app.command(epilog="Example: runmail schedules resume 'Daily report'")
def resume(name: Name, as_json: AsJson = False) -> None:
    """Let a paused schedule go on with its next report; what it missed is not made up for."""
    try:
        with standing.ground().engine.begin() as connection:
            kept = resume_schedule(connection, name, datetime.now(UTC))
    except UnknownSchedule:
        _fail_unknown(name)
    if as_json:
        shown.print_json(_as_json(kept))
    else:
        shown.say(f"Schedule “{kept.name}” goes on; next report: {_next_words(kept)}")


@app.command(epilog="Example: runmail schedules run 'Daily report'")
def run(name: Name, as_json: AsJson = False) -> None:
    """Ask for the report of a schedule now, as if it were due; its next one comes all the same."""
    now = datetime.now(UTC)
    try:
        with standing.ground().engine.execution_options(reading=True).connect() as connection:
            kept = find_schedule(connection, name)
    except UnknownSchedule:
        _fail_unknown(name)
    outcome = Outcome("schedules run")
    publish([kept.request_of(f"schedule-{kept.id}/run/{now.isoformat()}", now)], outcome, dry_run=False)
    outcome.tell(as_json=as_json, dry_run=False)


def _cadence(
    daily: str | None, weekdays: str | None, weekly: tuple[str, str] | None, monthly: tuple[int, str] | None
) -> tuple[Cadence, time]:
    """Return the one cadence that the options name, or end with 2."""
    said = [
        *([("daily", daily)] if daily else []),
        *([("weekdays", weekdays)] if weekdays else []),
        *([(f"weekly:{weekly[0].lower()[:3]}", weekly[1])] if weekly else []),
        *([(f"monthly:{monthly[0]}", monthly[1])] if monthly else []),
    ]
    if len(said) != 1:
        shown.fail("say when, once: --daily 07:30, --weekdays 07:30, --weekly mon 08:00 or --monthly 1 08:00", 2)
    try:
        return read_cadence(said[0][0]), read_wall_time(said[0][1])
    except NoCadence as error:
        shown.fail(str(error), 2)


def _check_zone(name: str | None) -> None:
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        shown.fail(f"“{name}” is no time zone: write one such as Europe/Berlin", 2)


def _next_words(schedule: Schedule) -> str:
    return moment(next_moment(schedule), schedule.zone) or "paused"


def _as_json(schedule: Schedule) -> dict[str, Any]:
    return {
        "id": schedule.id,
        "name": schedule.name,
        "profile": schedule.profile,
        "cadence": str(schedule.cadence),
        "at": f"{schedule.wall_time:%H:%M}",
        "timezone": schedule.zone_name,
        "next_at": shown_time(schedule.next_at),
        "next_day": schedule.next_day.isoformat() if schedule.next_day else None,
        "told_day": schedule.told_day.isoformat() if schedule.told_day else None,
        "request": dict(schedule.request),
    }


def _fail_unknown(name: str) -> None:
    shown.fail(f"there is no schedule “{name}”: see `runmail schedules list`")


def _tell(name: str, action: str, *, as_json: bool) -> None:
    shown.print_json({"name": name, "changed": action}) if as_json else shown.say(f"Schedule “{name}” is {action}.")
