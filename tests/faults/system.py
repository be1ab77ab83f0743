"""A whole runmail of real processes for one run of faults: Redis, a database, the sink, workers, clocks."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import func, select, update

from consumers.contract import Event, Publisher, read_event
from consumers.ledger.books import read_books
from consumers.ledger.states import WAITING, DeliveryState, EventState
from consumers.ledger.tables import breakers, deliveries, events
from consumers.views.deliveries import DeliveryFilter, list_deliveries
from profiles.profile import Profile, Security, SmtpSettings
from profiles.store import Credentials
from tests.faults import canary
from tests.faults.sink import Sink
from tests.faults.tally import Tally, count
from tests.rig.forked import Forked, start_command
from tests.rig.redis_server import RedisServer
from tests.rig.waiting import wait_until
from worker.composition import Bells, declare_actors, make_broker
from worker.database import open_snapshot
from worker.ground import lay_ground, now_milliseconds
from worker.kill_points import HOME, KILL
from worker.migrate import migrate
from worker.settings import Settings

#: Seconds: short, so that what a killed worker held comes back soon; an attempt must end before its lease.
LEASE_SECONDS = 3
ATTEMPT_SECONDS = 2
#: Seconds a run may take to come to rest: above what dramatiq leaves a dead process (15 s), what planning leases
#: last (30 s), and what a busy machine adds.
DRAIN_SECONDS = 240.0
#: Seconds between the rig's looks at the ledger.
LOOK_SECONDS = 0.1
#: Who logs in at the sink, with a password of chance that is looked for in everything the run leaves behind.
USER = "qa@example.com"


class System:
    """Builds the parts, starts and kills the processes, waits for rest, counts."""

    def __init__(self, folder: Path, *, database_url: str | None = None, **environment: str) -> None:
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.redis = RedisServer(folder / "redis")
        self.redis.start()
        self.sink = Sink(folder / "taken.tsv")
        self.password = secrets.token_hex(12)
        settings = Settings(home=self.home, database_url=database_url)  # type: ignore[arg-type]
        self.ground = lay_ground(settings)
        migrate(self.ground.engine)
        #: What is looked for in all that the run leaves behind.
        self.secrets = {**canary.of_login(USER, self.password), "password of Redis": self.redis.password}
        if password := self.ground.engine.url.password:
            self.secrets["password of the database"] = str(password)
        #: Pairs of source and id that must come to be in the ledger.
        self.published: set[tuple[str, str]] = set()
        self.kills = 0
        self.outages = 0
        self._processes: list[Forked] = []
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("RUNMAIL_", "FAULT_RIG_"))},
            "RUNMAIL_HOME": str(self.home),
            "RUNMAIL_BROKER_URL": self.redis.url,
            "RUNMAIL_LOG_FORMAT": "json",
            "RUNMAIL_LEASE_SECONDS": str(LEASE_SECONDS),
            "RUNMAIL_ATTEMPT_SECONDS": str(ATTEMPT_SECONDS),
            "RUNMAIL_SWEEP_SECONDS": "0.5",
            "RUNMAIL_STOP_SECONDS": "10",
            HOME: str(self.home),
            **({"RUNMAIL_DATABASE_URL": database_url} if database_url else {}),
            **environment,
        }

    def profile(self, name: str = "QA alerts", *, server: str = "main", **changes: Any) -> Profile:
        """Keep a profile that logs in at a server of the sink, opened for it."""
        port = self.sink.open(server, {USER: self.password})
        smtp = SmtpSettings("127.0.0.1", port, Security.NONE, USER)
        draft = Profile(id=0, name=name, from_address=USER, smtp=smtp)
        return self.ground.profiles.add(replace(draft, **changes), Credentials(self.password, self.password))

    def start(self, *arguments: str, kill: str | None = None, **environment: str) -> Forked:
        """Start a command, armed to die at a kill point if one is named."""
        armed = {KILL: kill} if kill else {}
        log = self.home / f"{arguments[0]}.log"
        running = start_command(arguments, {**self._environment, **armed, **environment}, log)
        self._processes.append(running)
        return running

    def worker(self, kill: str | None = None, **environment: str) -> Forked:
        """Start a worker process."""
        return self.start("worker", "--threads", "4", kill=kill, **environment)

    def clock(self, kill: str | None = None) -> Forked:
        """Start a clock."""
        return self.start("clock", kill=kill)

    def publish(self, published: Iterable[dict[str, Any]]) -> None:
        """Publish events; from now on each must be accounted for."""
        read = [read_event(each) for each in published]
        with Publisher(self.redis.url) as publisher:
            publisher.publish_many(read)
        self.expect(read)

    def expect(self, published: Iterable[Event]) -> None:
        """Count events as published: each must be accounted for."""
        self.published.update(event.identity for event in published)

    def push(self, body: bytes) -> None:
        """Put bytes at the head of the events queue as any program could."""
        redis_id = secrets.token_hex(8)
        client = self.client()
        client.hset("dramatiq:events.msgs", redis_id, body)  # type: ignore[arg-type]
        client.lpush("dramatiq:events", redis_id)

    def bells(self) -> Bells:
        """Return senders of queue messages."""
        return declare_actors(make_broker(self.redis.url))

    def client(self) -> redis.Redis:
        """Return a client of the run's Redis."""
        return redis.Redis.from_url(self.redis.url)

    def hurry(self) -> None:
        """Let every deferred delivery be due now, and no server want it slow any more, as if the time had passed.

        A server that asked for it at every fifth kill gets a mail in 32 s.
        """
        with self.ground.engine.begin() as connection:
            connection.execute(update(breakers).where(breakers.c.slow_level > 0).values(slow_level=0, slow_until=0))
            connection.execute(
                update(deliveries)
                .where(deliveries.c.state == DeliveryState.DEFERRED, deliveries.c.due_at > now_milliseconds())
                .values(due_at=now_milliseconds())
            )

    def end_leases(self) -> None:
        """Let the leases of claimed deliveries have ended, as if their time had passed; their worker must be dead."""
        with self.ground.engine.begin() as connection:
            connection.execute(
                update(deliveries).where(deliveries.c.state == DeliveryState.SENDING).values(lease_until=0)
            )

    def look(self) -> None:
        """Let every uncertain delivery that can be looked for be due now."""
        with self.ground.engine.begin() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.state == DeliveryState.UNCERTAIN, deliveries.c.due_at.is_not(None))
                .values(due_at=now_milliseconds())
            )

    def recorded(self) -> int:
        """Return how many events are in the ledger, garbage left out."""
        with open_snapshot(self.ground.engine) as connection:
            found = select(func.count()).select_from(events).where(events.c.source.is_not(None))
            return int(connection.execute(found).scalar_one())

    def wait_recorded(self, events: int) -> None:
        """Wait until so many events are in the ledger."""
        wait_until(lambda: self.recorded() >= events)

    def wait_taken(self, mails: int) -> None:
        """Wait until the sink has taken so many mails."""
        wait_until(lambda: self.sink.taken() >= mails)

    def waiting(self, profile: str) -> int:
        """Return how many events nobody has fetched, and how many mails of a profile nobody has begun."""
        queued: Any = self.client().llen("dramatiq:events")
        with open_snapshot(self.ground.engine) as connection:
            new = (deliveries.c.starts == 0, deliveries.c.state.in_(WAITING))
            found = select(func.count()).select_from(deliveries).where(deliveries.c.profile == profile, *new)
            return int(queued) + int(connection.execute(found).scalar_one())

    def unfinished(self) -> int:
        """Return how many published events and planned deliveries are not at their end."""
        recorded = self.recorded()
        with open_snapshot(self.ground.engine) as connection:
            unplanned = connection.execute(
                select(func.count()).select_from(events).where(events.c.state == EventState.ACCEPTED)
            ).scalar_one()
            moving = connection.execute(
                select(func.count())
                .select_from(deliveries)
                .where(deliveries.c.state.in_((*WAITING, DeliveryState.SENDING)))
            ).scalar_one()
        return max(0, len(self.published) - recorded) + int(unplanned) + int(moving)

    def drain(self, seconds: float = DRAIN_SECONDS, *, hurry: bool = True) -> float:
        """Wait until everything is at its end; return the seconds it took.

        Raises:
            AssertionError: at the deadline, with what is still unfinished.
        """
        began = time.monotonic()
        while left := self.unfinished():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"{left} unfinished after {seconds:g} s: {self.count('stuck', seconds)}")
            if hurry:
                self.hurry()
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    def artefacts(self) -> canary.Artefacts:
        """Return what the run leaves behind."""
        return canary.Artefacts(self.home, self.redis.folder, self.client(), self.ground.engine, self.secrets)

    def count(self, name: str, seconds: float) -> Tally:
        """Count what the run came to by the sink's log."""
        return count(
            name,
            self.ground.engine,
            self.sink.log,
            self.published,
            kills=self.kills,
            outages=self.outages,
            seconds=seconds,
        )

    def deliveries(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return the deliveries as the command line lists them."""
        with open_snapshot(self.ground.engine) as connection:
            return list_deliveries(connection, DeliveryFilter(**{"limit": 100_000, **wanted}))

    def check_books(self) -> None:
        """Fail if the books do not balance at this very moment, whatever is going on."""
        with open_snapshot(self.ground.engine) as connection:
            assert read_books(connection).problems == ()

    def rest(self, name: str, seconds: float = DRAIN_SECONDS) -> Tally:
        """Wait for rest, return what the run came to and fail if anything of it is wrong or has leaked."""
        tally = self.count(name, self.drain(seconds))
        assert tally.good, str(tally)
        found = canary.search(self.artefacts())
        assert found == [], str(found)
        return tally

    def logs(self) -> str:
        """Return what the processes wrote."""
        return "".join(path.read_text("utf-8", errors="replace") for path in sorted(self.home.glob("*.log")))

    def end(self) -> None:
        """End every process of the run."""
        for running in self._processes:
            running.kill()
        self.sink.stop()
        self.redis.stop()
        self.ground.engine.dispose()
