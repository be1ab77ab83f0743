"""Processes: how one hears that it should end, and a parent that keeps several of them running.

SIGTERM, SIGINT and the end of the terminal finish what is in hand; a second signal changes nothing. A process that
dies is started anew, later each time it dies young. What a process does is not known here: a parent stays small.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

import structlog

from worker.restart_pause import RestartPause

log = structlog.get_logger(__name__)

#: Tells a child of Processes the id of its parent, which it must not outlive. Nobody else sets it: a command that
#: a person or an init system started works on when its shell ends.
PARENT_VARIABLE = "RUNMAIL_PARENT"
#: Seconds between looks whether a child runs.
TEND_SECONDS = 0.2
#: Seconds between looks whether the parent is still there.
PARENT_SECONDS = 1.0


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM, SIGINT and a closed terminal set, however often they come.

    The end of a parent sets it too, in a process that was started by Processes.
    """
    stopping = threading.Event()
    # A handler runs in the middle of whatever the main thread does, `stopping.wait` included, which holds the lock that
    # `stopping.set` needs: so it only writes to a pipe, and a thread sets the event.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def note(*_: object) -> None:
        with suppress(BlockingIOError):
            os.write(writing, b"\0")

    threading.Thread(target=_hear_signals, args=(reading, stopping), name="signals", daemon=True).start()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it for us
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, note)
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is not None:
        threading.Thread(target=_watch_parent, args=(stopping, int(parent)), name="parent", daemon=True).start()
    return stopping


def _hear_signals(reading: int, stopping: threading.Event) -> None:
    """Set the event once a handler wrote."""
    os.read(reading, 1)
    stopping.set()


def _watch_parent(stopping: threading.Event, parent: int) -> None:
    """Stop when the process that started this one is gone: nothing of a killed `up` must work on unseen."""
    while os.getppid() == parent:
        if stopping.wait(PARENT_SECONDS):
            return
    log.warning("parent_gone")
    stopping.set()


class Processes:
    """Child processes that are kept running until told to stop."""

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        *,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._log = log
        self._commands = [list(command) for command in commands]
        self._running: list[subprocess.Popen[bytes] | None] = [None] * len(commands)
        self._pauses = [RestartPause() for _ in commands]

    def run(self, stopping: threading.Event, seconds: float, tend: Callable[[], object] = lambda: None) -> None:
        """Keep the processes running until `stopping`, then end them within `seconds`.

        `tend` is called between looks, for what else must be kept running.
        """
        try:
            while not stopping.wait(TEND_SECONDS):
                tend()
                self.tend()
        finally:
            self.stop(seconds)

    def tend(self) -> None:
        """Start what does not run."""
        for index, command in enumerate(self._commands):
            process, pause, now = self._running[index], self._pauses[index], time.monotonic()
            if process is not None and process.poll() is not None:
                log.error("process_died", command=command[-1], code=process.returncode)
                pause.note_end(now)
                process = self._running[index] = None
            if process is None and pause.is_over(now):
                self._running[index] = self._start(command)
                pause.note_start(now)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with open(self._log, "ab") if self._log else nullcontext() as log:
            # A group of its own: a Ctrl-C in the terminal reaches the parent alone, which passes it on once.
            return subprocess.Popen(  # noqa: S603
                command,
                env={**self._environment, PARENT_VARIABLE: str(os.getpid())},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, seconds: float) -> None:
        """Ask all to end, wait, and kill what does not."""
        processes = [process for process in self._running if process is not None]
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for process in processes:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("process_killed", pid=process.pid)
                process.kill()
                process.wait()


def health_option(port: int | None, index: int) -> tuple[str, ...]:
    """Return the option that gives the process of an index its health port; with port 0 each finds a free one."""
    return () if port is None else ("--health-port", str(port + index if port else 0))


def own_command(*arguments: str) -> list[str]:
    """Return the command line that runs runmail itself with these arguments."""
    return [sys.executable, "-m", "worker.cli.main", *arguments]
