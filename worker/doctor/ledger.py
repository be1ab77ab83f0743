"""The doctor on the database: whether it answers and is up to date, and what waits in it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from consumers.ledger.lease import lease_holds, read_lease_clock
from consumers.ledger.states import WAITING, DeliveryState, EventState
from consumers.ledger.tables import deliveries, events, leases
from worker import revisions
from worker.clock import LEASE
from worker.database import DatabaseUnusable, make_engine
from worker.doctor.finding import Finding, Surroundings
from worker.settings import Settings
from worker.state import StateUnusable, database_url

#: Seconds a clock may differ from the database's or the broker's host.
MOST_SKEW = 5.0
#: Seconds after which what is due and not worked on means that nobody works.
MOST_WAIT = 60.0


def examine_database(settings: Settings, around: Surroundings) -> tuple[Engine | None, list[Finding]]:
    """Connect; return the engine when the tables can be used."""
    try:
        engine = make_engine(database_url(settings))
        revision = revisions.current(engine)
        durable = list(_durability(engine, around))
    except (DatabaseUnusable, StateUnusable) as error:
        return None, [Finding("database", "wrong", str(error), "see docs/settings.md, RUNMAIL_DATABASE_URL")]
    except SQLAlchemyError as error:
        advice = "see that the server runs, RUNMAIL_DATABASE_URL names it, and user and password are right"
        return None, [Finding("database", "wrong", f"does not answer ({type(error).__name__})", advice)]
    name = engine.dialect.name
    if not revisions.is_due(revision):
        if revision == revisions.newest():
            return engine, [Finding("database", "ok", f"{name}, up to date ({revision})"), *durable]
        found = Finding("database", "warning", f"newer ({revision}) than this program", "upgrade the program")
        return engine, [found, *durable]
    said = "has no tables yet" if revision is None else f"is older ({revision}) than this program"
    engine.dispose()
    advice = "run `runmail migrate`" if settings.database_url else "start `runmail up`, or run `runmail migrate`"
    return None, [Finding("database", "wrong", said, advice), *durable]


def _durability(engine: Engine, around: Surroundings) -> Iterator[Finding]:
    """Examine whether what PostgreSQL has taken is kept, and its clock."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        standby, durable, seconds = connection.execute(
            text(
                "SELECT pg_is_in_recovery(), current_setting('synchronous_commit'),"
                " extract(epoch FROM clock_timestamp())::float"
            )
        ).one()
    if standby:
        advice = "point RUNMAIL_DATABASE_URL at the primary"
        yield Finding("database role", "wrong", "a standby, which takes no writes", advice)
    if durable == "off":
        advice = "set synchronous_commit = on for runmail's user: a crash of the server may lose accepted events"
        yield Finding("database durability", "warning", "synchronous_commit is off", advice)
    yield from skew_of("the database's host", around.now() - seconds)


def skew_of(whose: str, seconds: float) -> Iterator[Finding]:
    """Yield a finding when two clocks differ."""
    if abs(seconds) > MOST_SKEW:
        said = f"{seconds:+.1f} s against {whose}"
        yield Finding("clock skew", "warning", said, "run a time daemon on both: retries come at the wrong time")


def examine_work(engine: Engine, around: Surroundings) -> Iterator[Finding]:
    """Examine whether a clock runs, whether what is due is worked on, and what waits for a person."""
    now = round(around.now() * 1000)
    due = (deliveries.c.state.in_(WAITING), deliveries.c.due_at <= now)
    with engine.execution_options(reading=True).connect() as connection:
        moment = read_lease_clock(connection)
        clock = connection.execute(
            select(leases.c.owner).where(leases.c.name == LEASE, lease_holds(leases, moment))
        ).scalar()
        waiting, oldest = connection.execute(
            select(func.count(), func.min(deliveries.c.due_at)).select_from(deliveries).where(*due)
        ).one()
        unplanned, first = connection.execute(
            select(func.count(), func.min(events.c.recorded_at)).where(events.c.state == EventState.ACCEPTED)
        ).one()
        quarantined = connection.execute(
            select(func.count()).select_from(events).where(events.c.state == EventState.QUARANTINED)
        ).scalar_one()
        uncertain = connection.execute(
            select(func.count()).select_from(deliveries).where(deliveries.c.state == DeliveryState.UNCERTAIN)
        ).scalar_one()
    if clock:
        yield Finding("clock", "ok", f"runs as {clock}")
    else:
        yield Finding("clock", "warning", "none runs: retries wait", "start `runmail clock`, or use `runmail up`")
    yield from _waits("mail", f"{waiting} mails are due", oldest, now)
    yield from _waits("planning", f"{unplanned} events have no plan", first, now)
    if quarantined:
        advice = "runmail events list --state quarantined"
        yield Finding("quarantine", "warning", f"{quarantined} events wait for a person", advice)
    if uncertain:
        advice = "runmail deliveries list --state uncertain"
        yield Finding("uncertain mail", "warning", f"{uncertain} deliveries wait for a person", advice)


def _waits(subject: str, said: str, since: int | None, now: int) -> Iterator[Finding]:
    """Yield a finding when something is due for longer than workers leave it."""
    if since is not None and (seconds := (now - since) / 1000) > MOST_WAIT:
        advice = "see that `runmail worker` and `runmail clock` run, and what their logs say"
        yield Finding(subject, "warning", f"{said}, the oldest for {seconds / 60:.0f} min", advice)
