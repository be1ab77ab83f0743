"""A real Redis on a free port of the loopback, one for each test process, emptied for each test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

#: Seconds a server may take to answer first on a busy machine.
START = 20.0


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binary = shutil.which("redis-server", path="/usr/bin:/usr/local/bin:/usr/sbin") or "redis-server"
    folder = tmp_path_factory.mktemp("redis")
    port = _free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    with subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START
    while True:
        try:
            redis.Redis(port=port, retry=None).ping()
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@pytest.fixture
def broker_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    redis.Redis.from_url(redis_server).flushall()
    return redis_server


@pytest.fixture
def broker(broker_url: str) -> Iterator[redis.Redis]:
    """A client of the same Redis."""
    with redis.Redis.from_url(broker_url) as client:
        yield client


@pytest.fixture
def examples() -> Path:
    return Path(__file__).parents[2] / "examples"
