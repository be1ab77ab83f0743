"""A call that is waited for only so long."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from consumers.contract.daemon_call import DaemonCall, StillRunning


def test_what_the_function_returns_or_raises_is_the_result() -> None:
    assert DaemonCall(lambda: "done", "test").result(60) == "done"
    with pytest.raises(ZeroDivisionError):
        DaemonCall(lambda: 1 // 0, "test").result(60)


def test_a_call_that_takes_longer_goes_on_and_can_be_asked_again() -> None:
    may_end = threading.Event()
    call = DaemonCall(lambda: may_end.wait(60), "test")
    with pytest.raises(StillRunning):
        call.result(0.01)
    may_end.set()

    assert call.result(60) is True


def test_a_program_ends_though_a_call_hangs() -> None:
    program = (
        "import time; from consumers.contract.daemon_call import DaemonCall; DaemonCall(lambda: time.sleep(300), 'x')"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
