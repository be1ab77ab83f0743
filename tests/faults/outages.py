"""What runmail stands on is taken away and comes back, at every phase, while events keep coming."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from consumers.contract import BrokerUnavailable
from tests.faults.inputs import batch
from tests.faults.system import System
from tests.rig.postgresql import PostgreSql
from tests.rig.waiting import wait_until

#: Events published between two outages.
BATCH = 20
#: Seconds that a paused Redis does not answer.
PAUSE_SECONDS = 3.0
#: An outage: a context in which something is away.
Outage = Callable[[], AbstractContextManager[None]]


def outages(system: System, outage: Outage, *, times: int, seconds: float, seed: int) -> None:
    """Let two workers and a clock work through `times` outages of about `seconds`.

    A publisher that is told that the broker does not answer publishes the same events again afterwards.
    """
    chance = random.Random(seed)
    system.profile()
    workers = [system.worker(), system.worker()]
    clock = system.clock()
    # A process that is started during an outage says so and ends: whoever supervises it starts it again.
    wait_until(lambda: system.logs().count("worker_started") == len(workers) and "clock_has_lease" in system.logs())
    untold = []
    for number in range(times):
        system.publish(batch(f"before-{number}", BATCH))
        time.sleep(chance.uniform(0.0, 0.4))
        with outage():
            began = time.monotonic()
            events = batch(f"during-{number}", BATCH)
            try:
                system.publish(events)
            except BrokerUnavailable:
                untold.append(events)
            time.sleep(max(0.0, chance.uniform(0.5, 1.5) * seconds - (time.monotonic() - began)))
        while untold:
            system.publish(untold.pop())
        system.outages += 1
    for process in (*workers, clock):
        assert process.poll() is None, f"a process ended with {process.poll()}: {system.logs()[-2000:]}"


def redis_killed(system: System) -> Outage:
    """Kill Redis; it comes back with what its append-only file holds."""

    @contextlib.contextmanager
    def outage() -> Iterator[None]:
        system.redis.kill()
        yield
        system.redis.start()

    return outage


def redis_paused(system: System) -> Outage:
    """Stop Redis without ending it: connections stand, nobody answers, and a publisher waits."""

    @contextlib.contextmanager
    def outage() -> Iterator[None]:
        system.redis.pause()
        # The publisher of the rig waits for an answer, so Redis has to go on by itself.
        going_on = threading.Timer(PAUSE_SECONDS, system.redis.go_on)
        going_on.start()
        yield
        going_on.join()

    return outage


def redis_emptied(system: System) -> Outage:
    """Empty Redis once everything published is accepted: bells and delayed messages are gone."""

    @contextlib.contextmanager
    def outage() -> Iterator[None]:
        wait_until(lambda: system.recorded() >= len(system.published))
        yield
        wait_until(lambda: system.recorded() >= len(system.published))
        system.client().flushall()

    return outage


def postgresql_crashed(server: PostgreSql) -> Outage:
    """End PostgreSQL as in a crash and start it again."""

    @contextlib.contextmanager
    def outage() -> Iterator[None]:
        server.shut(signal.SIGQUIT)
        yield
        server.start_again()

    return outage


def sqlite_locked(system: System) -> Outage:
    """Hold SQLite's one write lock, as a stuck backup would."""

    @contextlib.contextmanager
    def outage() -> Iterator[None]:
        connection = sqlite3.connect(str(system.ground.engine.url.database), isolation_level=None, timeout=30)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
        connection.close()

    return outage
