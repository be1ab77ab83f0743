"""Real Redis servers as an operator runs them: with a password, with TLS, and behind three sentinels."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from tests.deploy.conftest import wait_until
from tests.rig.programs import free_ports

PASSWORD = "open sesame/@:?"
IN_A_URL = "open%20sesame%2F%40%3A%3F"
MASTER = "mymaster"
#: Milliseconds without an answer after which the sentinels take a server for down.
DOWN_AFTER = 1000


def _program() -> str:
    found = shutil.which("redis-server", path="/usr/bin:/usr/local/bin:/usr/sbin")
    assert found is not None
    return found


@dataclass
class RedisServer:
    """One redis-server process; its configuration comes over stdin."""

    folder: Path
    port: int
    options: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def start(self, *more: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [_program(), *more, "-"], cwd=self.folder, stdin=subprocess.PIPE, stdout=log
            )
        assert self.process.stdin is not None
        self.process.stdin.write("\n".join(["bind 127.0.0.1", *self.options, ""]).encode())
        self.process.stdin.close()

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)
            self.process.wait()


@contextmanager
def one_server(folder: Path, *options: str) -> Iterator[int]:
    """Run a server with these options on a free port."""
    (port,) = free_ports(1)
    tls = any(option.startswith("tls") for option in options)
    server = RedisServer(folder, port, [f"tls-port {port}" if tls else f"port {port}", *options, 'save ""'])
    if tls:
        server.options.append("port 0")
    server.start()
    wait_until(lambda: b"Ready to accept" in (folder / "log").read_bytes())
    try:
        yield port
    finally:
        server.kill()


@dataclass
class Sentinels:
    """A master, a replica and three sentinels that watch them."""

    servers: list[RedisServer]
    watchers: list[RedisServer]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{watcher.port}" for watcher in self.watchers)
        return f"redis+sentinel://:{IN_A_URL}@{hosts}/{MASTER}/3"

    def client(self, server: RedisServer) -> redis.Redis:
        return redis.Redis(port=server.port, password=PASSWORD, db=3, retry=None)

    def master(self) -> RedisServer:
        """Return the server that the first sentinel which answers calls the master."""
        for watcher in self.watchers:
            with suppress(redis.RedisError):
                found: Any = redis.Redis(port=watcher.port, retry=None).sentinel_get_master_addr_by_name(MASTER)
                return next(server for server in self.servers if server.port == found[1])
        raise AssertionError("no sentinel answers")

    def replica(self) -> RedisServer:
        return next(server for server in self.servers if server is not self.master())

    def kill_master(self) -> RedisServer:
        """Kill the master for good; return it."""
        dying = self.master()
        dying.kill()
        return dying

    def fail_over(self) -> None:
        """Wait until another server is the master."""
        before = self.master()
        wait_until(lambda: self.master() is not before)


@contextmanager
def sentinels(folder: Path) -> Iterator[Sentinels]:
    """Run a master, a replica and three sentinels until the end of the block."""
    ports = free_ports(5)
    quoted = f'"{PASSWORD}"'
    common = [f"requirepass {quoted}", f"masterauth {quoted}", 'save ""', "repl-diskless-sync-delay 0"]
    servers = [RedisServer(folder / f"redis-{port}", port, [f"port {port}", *common]) for port in ports[:2]]
    servers[1].options.append(f"replicaof 127.0.0.1 {ports[0]}")
    watchers = []
    for port in ports[2:]:
        watcher = RedisServer(folder / f"sentinel-{port}", port)
        watcher.folder.mkdir(parents=True)
        # A sentinel writes what it learns into its configuration; it takes none from stdin.
        (watcher.folder / "sentinel.conf").write_text(
            f"port {port}\nbind 127.0.0.1\ndir {watcher.folder}\n"
            f"sentinel monitor {MASTER} 127.0.0.1 {ports[0]} 2\nsentinel auth-pass {MASTER} {quoted}\n"
            f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER}\nsentinel failover-timeout {MASTER} 5000\n"
        )
        watchers.append(watcher)
    rig = Sentinels(servers, watchers)
    try:
        for server in servers:
            server.start()
        wait_until(lambda: _is_linked(rig))
        for watcher in watchers:
            watcher.process = subprocess.Popen(
                [_program(), "sentinel.conf", "--sentinel"],
                cwd=watcher.folder,
                stdout=subprocess.DEVNULL,
            )
        wait_until(lambda: all(_knows_all(watcher) for watcher in watchers))
        yield rig
    finally:
        for each in (*watchers, *servers):
            each.kill()


def _is_linked(rig: Sentinels) -> bool:
    try:
        found: Any = rig.client(rig.servers[1]).info("replication")
        return bool(found["master_link_status"] == "up")
    except redis.RedisError:
        return False


def _knows_all(watcher: RedisServer) -> bool:
    try:
        found: Any = redis.Redis(port=watcher.port, retry=None).sentinel_masters()
        state = found[MASTER]
        return state["num-slaves"] == 1 and state["num-other-sentinels"] == 2 and not state["is_sdown"]
    except redis.RedisError:
        return False
