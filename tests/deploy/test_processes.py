"""Processes outlive the shell they were started from, and never the `up` or `worker` that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.deploy.conftest import Started, wait_until


@pytest.mark.parametrize("command", ["worker", "clock"])
def test_a_command_goes_on_when_the_shell_that_started_it_ends(command: str, started: Started) -> None:
    log = started.home / "nohup.log"
    line = f"nohup {sys.executable} -m worker.cli.main {command} >{log} 2>&1 & echo $!; read until_told"
    shell = subprocess.Popen(
        ["sh", "-c", line], env=started.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert shell.stdout is not None
    orphan = psutil.Process(int(shell.stdout.readline()))
    said = {"worker": "worker_started", "clock": "clock_has_lease"}[command]
    try:
        wait_until(lambda: log.exists() and said in log.read_text())
        shell.communicate("end\n")
        # The watch looks once a second; whoever still works after three looks does not watch.
        with pytest.raises(psutil.TimeoutExpired):
            orphan.wait(3.0)
        assert "parent_gone" not in log.read_text()
    finally:
        orphan.terminate()
        orphan.wait(30)


def test_children_end_with_a_killed_parent(started: Started) -> None:
    parent = started.start("worker", "--processes", "2")
    children = wait_until(
        lambda: len(found := psutil.Process(parent.pid).children()) == 2 and started.said("worker_started", 2) and found
    )
    parent.kill()
    parent.wait()

    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    assert started.said("parent_gone", 2)


def test_a_terminal_that_is_closed_ends_everything_as_sigterm_does(started: Started) -> None:
    process = started.start("worker", "--processes", "2")
    wait_until(lambda: started.said("worker_started", 2))
    process.send_signal(signal.SIGHUP)

    assert process.wait(90) == 0
    assert started.said("worker_stopped", 2)


# `Event.wait` holds the lock of its condition for an instant; here a signal comes in just that instant.
IN_THE_INSTANT = """
import signal
from worker.process import stop_on_signals
stopping = stop_on_signals()
with stopping._cond:
    signal.raise_signal(signal.SIGTERM)
assert stopping.wait(30)
"""


def test_a_signal_in_the_instant_in_which_the_event_is_locked_ends_a_process_all_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", IN_THE_INSTANT], timeout=60, check=False)
    assert done.returncode == 0


def test_nohup_is_respected(started: Started) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what nohup does, inherited by the child
    try:
        process = started.start("clock")
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    wait_until(lambda: started.said("clock_has_lease"))
    os.kill(process.pid, signal.SIGHUP)

    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.0)
