"""What is checked: of any process the database and the broker, of a worker and of a clock what makes them move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dramatiq.worker import Worker
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from worker import revisions
from worker.clock import Clock
from worker.composition import WorkerParts
from worker.health import Check, Unwell
from worker.metrics_clock import ClockMetrics
from worker.redis_client import make_client

#: Seconds at one thing after which a thread is taken for stuck: far above what the database is waited for.
STUCK_SECONDS = 120.0
#: Seconds an event loop may take to come round.
LOOP_SECONDS = 1.0
#: Seconds the broker may take to answer a check.
BROKER_SECONDS = 1.0


def ready_checks(engine: Engine, broker_url: str) -> dict[str, Check]:
    """Return the checks of what every process needs: a database of a known schema, and a broker that answers."""
    newest = revisions.newest()
    client = make_client(broker_url, answer_seconds=BROKER_SECONDS)

    def database() -> str:
        try:
            revision = revisions.current(engine)
        except SQLAlchemyError as error:
            raise Unwell(f"does not answer ({type(error).__name__})") from None
        if revision is None:
            raise Unwell("has no tables yet: run `runmail migrate`")
        if revision != newest and revisions.is_known(revision):
            raise Unwell(f"is older ({revision}) than this program ({newest}): run `runmail migrate`")
        return f"{engine.dialect.name}, schema {revision}"

    def broker() -> str:
        try:
            client.ping()
        except RedisError as error:
            raise Unwell(f"does not answer ({type(error).__name__})") from None
        return "answers"

    return {"database": database, "broker": broker}


def worker_checks(parts: WorkerParts, worker: Worker) -> dict[str, Check]:
    """Return the checks of what a worker process consists of."""

    def writer() -> str:
        if not parts.writer.is_alive:
            raise Unwell("its thread has ended")
        if parts.writer.busy_seconds() > STUCK_SECONDS:
            raise Unwell(f"has been at one group of writes for more than {STUCK_SECONDS:g} s")
        return "moves"

    def planner() -> str:
        if not parts.intake.is_alive:
            raise Unwell("its thread has ended")
        return "runs"

    def lanes() -> str:
        if not parts.lanes.answers(LOOP_SECONDS):
            raise Unwell(f"the event loop did not come round within {LOOP_SECONDS:g} s")
        return "move"

    def consumers() -> str:
        threads: list[Any] = [*worker.consumers.values(), *worker.workers]
        ended = sum(not thread.is_alive() for thread in threads)
        if ended:
            raise Unwell(f"{ended} of {len(threads)} threads have ended")
        return f"{len(threads)} threads run"

    return {"writer": writer, "planner": planner, "lanes": lanes, "consumers": consumers}


def clock_checks(clock: Clock) -> dict[str, Check]:
    """Return the check that a clock ticks."""

    def ticks() -> str:
        if clock.quiet_seconds() > STUCK_SECONDS:
            raise Unwell(f"the last tick began more than {STUCK_SECONDS:g} s ago")
        return "go on"

    return {"ticks": ticks}


def lease_check(metrics: ClockMetrics) -> Mapping[str, Check]:
    """Return what tells of the lease. A clock that waits for it is as ready as the one that has it."""
    return {"lease": lambda: "has it" if metrics.has_lease else "another clock has it, or none yet"}
