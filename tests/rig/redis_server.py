"""A real Redis with its append-only file on, to be killed, stopped, emptied and started again by tests."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

import redis

from tests.rig.programs import free_ports

#: Seconds the server may take to answer; it reads its append-only file first.
START_SECONDS = 30.0


class RedisServer:
    """One server on loopback with its data in a folder; port and password stay the same over restarts."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("redis-server")
        assert found is not None, "no redis-server"
        self._program = found
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (self.port,) = free_ports(1)
        self.password = secrets.token_hex(12)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server on what its append-only file holds."""
        self._process = subprocess.Popen(
            [
                *(self._program, "-", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
                *("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"),
            ],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        # Not among the arguments: every user of the machine sees those.
        self._process.stdin.write(f"requirepass {self.password}\n".encode())
        self._process.stdin.close()
        client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                client.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "Redis did not start"
                assert self._process.poll() is None, "Redis ended"
                time.sleep(0.02)
        client.close()

    def kill(self) -> None:
        """Kill the server: what it had written to its append-only file stays."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Stop the server without ending it: connections stand and nobody answers."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a paused server work again."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the server, paused or not."""
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
