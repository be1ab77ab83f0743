"""State folders whose servers are ended after the test, and a parent that can really be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

#: What `up` does, as far as the broker goes: start it, say so, and wait.
PARENT = """
import sys, time
from pathlib import Path
from worker.embedded_redis import EmbeddedRedis
from worker.redis_servers import find_servers
servers = find_servers(path=sys.argv[2]) if len(sys.argv) > 2 else None
print("starting", flush=True)
print(EmbeddedRedis(Path(sys.argv[1]), servers=servers).start().pid, flush=True)
time.sleep(60)
"""


def servers_in(home: Path) -> list[psutil.Process]:
    """Return the processes that work in the server's folder of this state folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == (home / "redis").resolve() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A state folder with an awkward name."""
    folder = tmp_path / "étät of runmail"
    folder.mkdir()
    yield folder
    for process in servers_in(folder):
        os.kill(process.pid, signal.SIGKILL)


@pytest.fixture
def begin_parent(home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PARENT, home, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
