"""The embedded Redis of `up` and `demo`: a server on loopback that keeps its data in the state folder.

The password goes to the server over stdin and to other commands through `broker.json`; it never stands in a
process list. Two locks keep one folder to one server: `up.lock` belongs to the `up` or `demo` that runs, and
`server.lock` is inherited by the server and held for as long as it lives. So a server that outlived a killed `up`
is taken over, or waited for, and never doubled. A server that dies under a running `up` is started again on the same
address.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import redis
import structlog
from redis.exceptions import RedisError

from worker.broker_file import (
    FOLDER,
    Broker,
    is_server_alive,
    read_broker,
    read_broker_file,
    remove_broker_file,
)
from worker.redis_launch import LOCK_SECONDS, LOG_FILE, FolderLocked, launch, lock_within
from worker.redis_servers import RedisServer, find_servers
from worker.restart_pause import RestartPause

__all__ = ["Broker", "BrokerUnusable", "EmbeddedRedis", "read_broker"]

log = structlog.get_logger(__name__)

#: Seconds a server may take to answer, loading its append-only file included.
START_SECONDS = 60.0
#: Seconds a server may take to write its data and end.
STOP_SECONDS = 10.0
#: Starts of one server that are tried: another program may take the port in between.
TRIES = 3


class BrokerUnusable(Exception):
    """Raised when no embedded broker can be had; the text says why and what to do."""


class EmbeddedRedis:
    """Starts the embedded broker of one state folder, or takes over the one that is running.

    `servers` are those that may be started, best first; `patience` is how long one may take to answer, in seconds.
    """

    def __init__(
        self, home: Path, *, servers: Sequence[RedisServer] | None = None, patience: float = START_SECONDS
    ) -> None:
        self._home = home
        self._folder = home / FOLDER
        self._servers = servers
        self._patience = patience
        self._own_lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._broker: Broker | None = None
        self._pause = RestartPause()
        self._is_up = True

    def start(self) -> Broker:
        """Return a broker that answers.

        1. Keep every other `up` and `demo` out of this folder.
        2. Take over the server that a killed one left, or wait until it has ended.
        3. Else start the best server there is.

        Raises:
            BrokerUnusable: when another `up` or `demo` runs here, or no server can be started.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._own_lock = self._lock_for_up()
        try:
            self._broker = self._take_over() or self._start_best()
        except BaseException:
            self._let_go()
            raise
        return self._broker

    def stop(self) -> None:
        """End the broker, its data written; does nothing when there is none."""
        broker, self._broker = self._broker, None
        if broker is None:
            return
        if broker.pid:  # of our child, or in a file whose server still holds its lock: never another's
            self._end(broker.pid, signal.SIGTERM)
        else:
            with contextlib.suppress(RedisError), _client(broker.url) as client:
                client.shutdown()
        if not self._has_ended() and broker.pid:
            self._end(broker.pid, signal.SIGKILL)
        if self._has_ended():
            remove_broker_file(self._home)
        self._process = None
        self._let_go()

    def _end(self, pid: int, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._is_alive():
                os.kill(pid, number)

    def _has_ended(self) -> bool:
        return _wait_until(lambda: not self._is_alive(), STOP_SECONDS)

    def _is_alive(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return is_server_alive(self._home)

    def _lock_for_up(self) -> IO[str]:
        # Not inherited: the server must not keep the lock of a parent that was killed.
        lock = open(self._home / "up.lock", "w", encoding="ascii")  # noqa: SIM115
        # A parent killed in the middle of starting a process leaves a copy of itself for the blink of an eye.
        if not lock_within(lock, LOCK_SECONDS):
            lock.close()
            raise BrokerUnusable(f"another `runmail up` or `demo` uses {self._home}: end it, or set RUNMAIL_HOME")
        return lock

    def _let_go(self) -> None:
        if self._own_lock is not None:
            self._own_lock.close()
            self._own_lock = None

    def _take_over(self) -> Broker | None:
        """Return the server a killed `up` left, once it answers; None once there is none."""
        left = read_broker_file(self._home)

        def decided() -> bool:
            return not is_server_alive(self._home) or (left is not None and _answers(left.url))

        if not _wait_until(decided, self._patience):
            who = f"process {left.pid}" if left and left.pid else "a process"
            raise BrokerUnusable(
                f"a Redis left by a former `up` ({who}) holds {self._folder} and does not answer: end it and try again"
            )
        if left is None or not is_server_alive(self._home):
            return None
        return Broker(left.url, left.kind, left.pid, taken_over=True)

    def _able(self) -> list[RedisServer]:
        """Return the servers that would find the data there is, best first."""
        servers = find_servers() if self._servers is None else self._servers
        return [server for server in servers if server.can_continue(self._folder)]

    def _start_best(self) -> Broker:
        able = self._able()
        if not able:
            raise BrokerUnusable(
                f"the data in {self._folder} was written by a newer Redis than there is now: install redis-server "
                "again, or move that folder away"
            )
        for server in able:
            for _ in range(TRIES):
                broker = self._start(server)
                if broker is not None:
                    return broker
        remove_broker_file(self._home)
        raise BrokerUnusable(f"the embedded Redis did not start: see {self._folder / LOG_FILE}")

    def _start(self, server: RedisServer) -> Broker | None:
        """Start one server on a free port; None when it ended by itself, as it does when the port was taken.

        Raises:
            BrokerUnusable: when it lives and does not answer.
        """
        url = f"redis://:{secrets.token_urlsafe(24)}@127.0.0.1:{_free_port()}/0"
        try:
            process = launch(self._home, server, Broker(url, server.kind))
        except FolderLocked as error:
            raise BrokerUnusable(str(error)) from None
        if process is None:
            return None
        try:
            if not _wait_until(lambda: process.poll() is not None or _answers(url), self._patience):
                raise BrokerUnusable(f"{server.kind} does not answer: see {self._folder / LOG_FILE}")
            if process.poll() is None:
                self._process = process
                return Broker(url, server.kind, process.pid)
            return None
        finally:
            if self._process is None:
                process.kill()
                process.wait()

    def tend(self, now: float) -> bool:
        """Start the server again if it died, on the address that its clients know; say whether it was started now.

        `now` is in seconds of a steady clock. The server may take a while to load its data; its clients wait for
        it. Each failed start is tried again after a longer pause.
        """
        if self._broker is None or self._is_alive():
            return False
        if self._is_up:
            self._is_up = False
            self._pause.note_end(now)
            log.error("embedded_redis_died", pid=self._broker.pid)
        if not self._pause.is_over(now):
            return False
        server = next((each for each in self._able() if each.kind == self._broker.kind), None)
        try:
            process = launch(self._home, server, self._broker) if server else None
        except FolderLocked:
            process = None
        self._pause.note_start(now)
        if process is None:
            self._pause.note_end(now)
            return False
        self._process, self._is_up = process, True
        self._broker = Broker(self._broker.url, self._broker.kind, process.pid)
        return True


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1, retry=None)


def _answers(url: str) -> bool:
    """Say whether our server is there: it knows the password and has loaded its data."""
    try:
        with _client(url) as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False


def _wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
