"""Processes of runmail that start fast and are really killed.

Python takes seconds of processor time to load the program; hundreds of kills would spend it on nothing else. So one
server process loads it once and forks a child for each start (multiprocessing's forkserver): the child is a process
of its own with its own environment and log, and runs the command line as if it had been typed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

#: What the server loads before the first fork.
LOADED = [
    "worker.cli.main",
    "worker.cli.running",
    "worker.cli.standing",
    "worker.ticking",
    "worker.working",
    "alembic.command",
    "tests.faults.processes",
]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(LOADED)


class Task:
    """A function that runs in a process of its own."""

    def __init__(self, function: Callable[..., None], arguments: Sequence[Any], log: Path) -> None:
        self.log = log
        self._process = _context.Process(target=_run_logged, args=(function, tuple(arguments), str(log)), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        if self._process.is_alive():
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> int | None:
        """Wait for the end and return the code; None when it did not come in time."""
        self._process.join(seconds)
        return self.code

    def kill(self) -> None:
        """Kill the process, stopped or not, and wait for its end."""
        self.signal(signal.SIGKILL)
        self._process.join()


class Running(Task):
    """A command of runmail, as if it had been typed."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        super().__init__(_run_command, (list(arguments), environment), log)


def _run_logged(function: Callable[..., None], arguments: tuple[Any, ...], log: str) -> None:
    """Run in a session of its own, with what is printed in a file."""
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    function(*arguments)


def _run_command(arguments: list[str], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["runmail", *arguments]
    from worker.cli.main import run

    run()
