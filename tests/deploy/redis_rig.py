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
from tests.rig.authority import Authority
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
    #: The authority to trust, when they speak TLS.
    ca_file: Path | None = None

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{watcher.port}" for watcher in self.watchers)
        if self.ca_file:
            return f"rediss+sentinel://:{IN_A_URL}@{hosts}/{MASTER}/3?ssl_ca_certs={self.ca_file}"
        return f"redis+sentinel://:{IN_A_URL}@{hosts}/{MASTER}/3"

    def connect(self, server: RedisServer, **options: Any) -> redis.Redis:
        tls = {"ssl": True, "ssl_ca_certs": str(self.ca_file)} if self.ca_file else {}
        return redis.Redis(host="127.0.0.1", port=server.port, retry=None, **tls, **options)

    def client(self, server: RedisServer) -> redis.Redis:
        return self.connect(server, password=PASSWORD, db=3)

    def master(self) -> RedisServer:
        """Return the server that the first sentinel which answers calls the master."""
        for watcher in self.watchers:
            with suppress(redis.RedisError):
                found: Any = self.connect(watcher).sentinel_get_master_addr_by_name(MASTER)
                return next(server for server in self.servers if server.port == found[1])
        raise AssertionError("no sentinel answers")

    def kill_master(self) -> RedisServer:
        """Kill the master for good; return it."""
        dying = self.master()
        dying.kill()
        return dying


@contextmanager
def sentinels(folder: Path, authority: Authority | None = None) -> Iterator[Sentinels]:
    """Run a master, a replica and three sentinels until the end of the block; with an authority all speak TLS."""
    ports = free_ports(5)
    quoted = f'"{PASSWORD}"'
    encrypted: list[str] = []
    if authority is not None:
        chain, key = authority.write_server_files()
        encrypted = [f"tls-cert-file {chain}", f"tls-key-file {key}", f"tls-ca-cert-file {authority.ca_file}"]
        encrypted += ["tls-auth-clients no", "tls-replication yes"]

    def listening(port: int) -> list[str]:
        return ["port 0", f"tls-port {port}", *encrypted] if encrypted else [f"port {port}"]

    common = [f"requirepass {quoted}", f"masterauth {quoted}", 'save ""', "repl-diskless-sync-delay 0"]
    servers = [RedisServer(folder / f"redis-{port}", port, [*listening(port), *common]) for port in ports[:2]]
    servers[1].options.append(f"replicaof 127.0.0.1 {ports[0]}")
    watchers = []
    for port in ports[2:]:
        watcher = RedisServer(folder / f"sentinel-{port}", port)
        watcher.folder.mkdir(parents=True)
        # A sentinel writes what it learns into its configuration; it takes none from stdin.
        lines = [
            *listening(port),
            "bind 127.0.0.1",
            f"dir {watcher.folder}",
            f"sentinel monitor {MASTER} 127.0.0.1 {ports[0]} 2",
            f"sentinel auth-pass {MASTER} {quoted}",
            f"sentinel down-after-milliseconds {MASTER} {DOWN_AFTER}",
            f"sentinel failover-timeout {MASTER} 5000",
        ]
        (watcher.folder / "sentinel.conf").write_text("\n".join([*lines, ""]))
        watchers.append(watcher)
    rig = Sentinels(servers, watchers, authority.ca_file if authority else None)
    try:
        for server in servers:
            server.start()
        wait_until(lambda: _is_linked(rig))
        for watcher in watchers:
            watcher.process = subprocess.Popen(
                [_program(), "sentinel.conf", "--sentinel"], cwd=watcher.folder, stdout=subprocess.DEVNULL
            )
        wait_until(lambda: all(_knows_all(rig, watcher) for watcher in watchers))
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


def _knows_all(rig: Sentinels, watcher: RedisServer) -> bool:
    try:
        found: Any = rig.connect(watcher).sentinel_masters()
        state = found[MASTER]
        return state["num-slaves"] == 1 and state["num-other-sentinels"] == 2 and not state["is_sdown"]
    except redis.RedisError:
        return False
