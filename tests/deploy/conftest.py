"""Commands as an operator starts them: processes of their own on a real Redis and a database, ended after the test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.rig.forked import run_command
from tests.rig.waiting import wait_until as wait_within

#: Seconds a test waits for processes that start or servers that elect; far above what it takes on a busy machine.
PATIENCE = 90.0

#: Seconds a test of this folder may take in all.
TEST_SECONDS = 300


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Return the first truthy result of `condition`, or fail at the deadline."""
    return wait_within(condition, seconds)


@dataclass
class Started:
    """A state folder, a broker, and what was started on them."""

    home: Path
    broker_url: str
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")}
        own = {"RUNMAIL_HOME": str(self.home), "RUNMAIL_LOG_FORMAT": "json", "RUNMAIL_WEB_PORT": "0"}
        return {**kept, **own, **({"RUNMAIL_BROKER_URL": self.broker_url} if self.broker_url else {}), **more}

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start a command; its output goes to a log in the state folder."""
        with open(self.home / f"{len(self.processes)}.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "worker.cli.main", *arguments],
                env=self.environment(**more),
                stdout=log,
                stderr=log,
                text=True,
            )
        self.processes.append(process)
        return process

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return run_command(arguments, self.environment(**more), timeout=120)

    def logs(self) -> str:
        return "".join(path.read_text("utf-8") for path in self.home.glob("*.log"))

    def said(self, words: str, times: int = 1) -> bool:
        """Say whether words stand in the logs so many times."""
        return self.logs().count(words) >= times


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that start many processes the time that a busy machine needs."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.fixture
def started(tmp_path: Path, redis_url: str) -> Iterator[Started]:
    """Commands on SQLite in a folder and on an empty database of the test's Redis."""
    number = redis.Redis.from_url(redis_url).incr("databases") % 500 + 1
    url = f"{redis_url}/{number}"
    redis.Redis.from_url(url).flushdb()
    built = Started(tmp_path, url)
    with ended(built):
        yield built


@contextmanager
def ended(started: Started) -> Iterator[None]:
    """End what was started, in order if it can be."""
    yield
    for process in started.processes:
        process.terminate()
    for process in started.processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
