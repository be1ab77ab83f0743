"""/healthz is about the process, /readyz about what it needs; both answer in time when something hangs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from dramatiq.worker import Worker

from tests.observe.conftest import listening, report
from tests.rig.postgresql import PostgreSql
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until
from worker.composition import WorkerParts
from worker.health import Checkup
from worker.health_checks import ready_checks, worker_checks


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Stop processes so that their connections stay open and nothing answers."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_broker_that_hangs_makes_a_worker_unready_in_time_and_not_unhealthy(spine: Spine) -> None:
    spine.profile()
    spine.start("worker", RUNMAIL_HEALTH_PORT="0")
    (port,) = listening(spine)
    wait_until(lambda: report(port, "/readyz")[0] == 200, 60)
    (pid,) = [int(redis.Redis.from_url(spine.broker_url).info("server")["process_id"])]

    with stopped(pid):
        began = time.monotonic()
        status, checks = wait_until(lambda: (found := report(port, "/readyz"))[0] == 503 and found)
        assert time.monotonic() - began < 10
        assert status == 503
        assert checks["database"]["ok"]
        assert not checks["broker"]["ok"]
        assert report(port, "/healthz")[0] == 200

    wait_until(lambda: report(port, "/readyz")[0] == 200, 60)
    spine.publish(run_finished())
    spine.settled(sent=1)


@pytest.mark.real("postgresql")
def test_a_database_that_hangs_makes_worker_and_clock_unready_in_time_and_not_unhealthy(
    database: str, spine: Spine, postgresql: PostgreSql
) -> None:
    spine.profile()
    spine.start("worker", RUNMAIL_HEALTH_PORT="0")
    spine.start("clock", RUNMAIL_HEALTH_PORT="0")
    ports = listening(spine, 2)
    for port in ports:
        wait_until(lambda port=port: report(port, "/readyz")[0] == 200, 60)
    assert postgresql._process is not None

    main = postgresql._process.pid
    with stopped(main, *children(main)):
        for port in ports:
            began = time.monotonic()
            _, checks = wait_until(lambda port=port: (found := report(port, "/readyz"))[0] == 503 and found)
            assert time.monotonic() - began < 10
            assert checks["database"] == {"ok": False, "said": "no answer within 1.5 s"}
            assert checks["broker"]["ok"]
            assert report(port, "/healthz")[0] == 200

    for port in ports:
        wait_until(lambda port=port: report(port, "/readyz")[0] == 200, 60)
    spine.publish(run_finished())
    spine.settled(sent=1)


@pytest.mark.parametrize(
    ("revision", "well", "said"),
    [
        (None, False, "has no tables yet: run `runmail migrate`"),
        ("0001", False, "is older (0001) than this program"),
        ("9999", True, "schema 9999"),
    ],
)
def test_a_database_is_ready_when_its_schema_is_ours_or_newer(
    spine: Spine, revision: str | None, well: bool, said: str
) -> None:
    with spine.ground.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        if revision is not None:
            connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{revision}')")

    answer = Checkup(ready_checks(spine.ground.engine, spine.broker_url)).report().answers["database"]

    assert answer.is_well is well
    assert said in answer.said


def test_a_worker_is_healthy_while_its_threads_move_and_says_which_does_not(spine: Spine) -> None:
    parts = WorkerParts(spine.ground, spine.broker_url)
    worker = Worker(parts.bells.broker, worker_timeout=100, worker_threads=2)
    checkup = Checkup(worker_checks(parts, worker))
    before = checkup.report().answers
    assert {name for name, answer in before.items() if not answer.is_well} == {"writer", "planner", "lanes"}

    parts.start()
    worker.start()
    wait_until(lambda: checkup.report().is_well)
    worker.stop()
    parts.stop(5)
    # Each answer is used again for a while of its own: a new one of the writer may stand beside an old one of others.
    ended = ("writer", "planner", "lanes", "consumers")
    after = wait_until(
        lambda: (found := checkup.report().answers) and not any(found[it].is_well for it in ended) and found
    )
    assert after["writer"].said == "its thread has ended"


def test_a_writer_that_hangs_is_noticed(spine: Spine) -> None:
    parts = WorkerParts(spine.ground, spine.broker_url)
    assert parts.writer.busy_seconds() == 0.0
    parts.writer.start()
    entered, go_on = [], []

    def waits(connection: object, items: object) -> list[int]:
        entered.append(1)
        wait_until(lambda: go_on)
        return [1]

    future = parts.writer.submit(waits, 1)
    wait_until(lambda: entered)
    wait_until(lambda: parts.writer.busy_seconds() > 0.01)
    go_on.append(1)
    future.result(30)
    wait_until(lambda: parts.writer.busy_seconds() == 0.0)
    parts.writer.close()


def test_each_of_several_processes_has_a_port_of_its_own_and_a_taken_one_is_said(spine: Spine) -> None:
    spine.profile()
    spine.start("worker", "--processes", "2", "--health-port", "0")
    ports = listening(spine, 2)
    assert len(set(ports)) == 2
    for port in ports:
        wait_until(lambda port=port: report(port, "/healthz")[0] == 200, 60)

    for command in ("worker", "clock"):
        done = spine.run(command, RUNMAIL_HEALTH_PORT=str(ports[0]))
        assert done.returncode == 1
        assert f"runmail: the health port {ports[0]} on 127.0.0.1 cannot be opened" in done.stderr
        assert "Traceback" not in done.stderr


def test_without_a_port_nothing_listens(spine: Spine) -> None:
    spine.profile()
    process = spine.start("worker")
    wait_until(lambda: "worker_started" in spine.logs(), 60)

    inodes = {
        fields[9]
        for name in ("tcp", "tcp6")
        for fields in map(str.split, Path(f"/proc/{process.pid}/net/{name}").read_text().splitlines()[1:])
        if fields[3] == "0A"
    }
    held = {os.readlink(each) for each in Path(f"/proc/{process.pid}/fd").iterdir() if each.is_symlink()}
    assert not {f"socket:[{inode}]" for inode in inodes} & held
