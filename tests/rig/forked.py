"""Processes of runmail that start fast and are really killed.

Python takes seconds of processor time to load the program; hundreds of starts would spend it on nothing else. So one
server process for each test process loads it once and forks a child for each start (multiprocessing's forkserver): the
child is a process of its own with its own environment, files and signals, and runs the command line as if it had been
typed. What a start from nothing does is for tests/bare and tests/deploy.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

#: What the server loads before the first fork. All else a command needs is loaded by itself.
LOADED = [
    "worker.cli.main",
    "worker.cli.running",
    "worker.cli.standing",
    "worker.cli.deliveries",
    "worker.cli.profiles",
    "worker.cli.publish",
    "worker.cli.report",
    "worker.ticking",
    "worker.working",
    "alembic.command",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "tests.rig.forked",
    "tests.rig.warm",
]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(LOADED)


class Forked:
    """A function that runs in a process of its own; spoken to as to subprocess.Popen."""

    def __init__(self, function: Callable[..., None], arguments: Sequence[Any], out: Path, err: Path) -> None:
        what = (function, tuple(arguments), str(out), str(err))
        self._process = _context.Process(target=_run_apart, args=what, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self.returncode

    def ends_within(self, seconds: float) -> bool:
        """Wait for the end for a while, and say whether it came."""
        self._process.join(seconds)
        return self.returncode is not None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code.

        Raises:
            subprocess.TimeoutExpired: when it did not come in time.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        if self._process.is_alive():
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process, stopped or not, and wait for its end."""
        self.send_signal(signal.SIGKILL)
        self._process.join()


def start_command(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
    """Start a command of runmail, as if it had been typed; what it prints is added to a log."""
    return Forked(_run_command, (list(arguments), dict(environment), ""), log, log)


def run_command(
    arguments: Sequence[str], environment: Mapping[str, str], *, stdin: str = "", timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run a command of runmail to its end, as if it had been typed.

    Raises:
        subprocess.TimeoutExpired: when it did not end in time; it is killed.
    """
    with tempfile.TemporaryDirectory(prefix="runmail-rig-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        running = Forked(_run_command, (list(arguments), dict(environment), stdin), out, err)
        try:
            code = running.wait(timeout)
        finally:
            running.kill()
        return subprocess.CompletedProcess(list(arguments), code, out.read_text("utf-8"), err.read_text("utf-8"))


def _run_apart(function: Callable[..., None], arguments: tuple[Any, ...], out: str, err: str) -> None:
    """Run in a session of its own, with what is printed in files."""
    os.setsid()
    for path, number in ((out, 1), (err, 2)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    function(*arguments)


def _run_command(arguments: list[str], environment: dict[str, str], stdin: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    reading, writing = os.pipe()
    # Less than a pipe holds: nobody reads yet.
    os.write(writing, stdin.encode())
    os.close(writing)
    os.dup2(reading, 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (it stays)
    sys.argv = ["runmail", *arguments]
    from worker.cli.main import run

    run()
