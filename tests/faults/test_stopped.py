"""A worker stopped in the middle of a mail for longer than its lease sends nothing when it goes on."""

from __future__ import annotations

import signal

import pytest

from tests.faults.inputs import alert
from tests.faults.system import System
from tests.rig.waiting import wait_until

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(300)]


def stopped_at(system: System, place: str) -> dict[str, object]:
    """Stop a worker at a place, let another send the mail, let the first go on; return the delivery."""
    system.profile()
    first = system.worker(kill=f"stop:{place}:1")
    system.publish([alert("run-1")])
    wait_until(lambda: is_stopped(first.pid))
    system.clock()
    system.worker()
    wait_until(lambda: system.sink.taken() == 1)
    system.drain()
    first.send_signal(signal.SIGCONT)
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    tally = system.rest(f"stopped at {place}")
    assert tally.taken == 1
    (row,) = system.deliveries()
    return row


def is_stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize("place", ["before:MAIL", "after:RCPT"])
def test_before_the_data_commit_nothing_is_even_flagged(system: System, place: str) -> None:
    row = stopped_at(system, place)

    assert row["maybe_twice"] is False


@pytest.mark.parametrize("place", ["before:DATA", "after:DATA", "before:DOT"])
def test_after_the_data_commit_the_final_dot_does_not_travel(system: System, place: str) -> None:
    row = stopped_at(system, place)

    assert row["maybe_twice"] is True  # nobody could know while the worker was stopped
    # Before DATA the attempt's own time limit may be noticed first.
    assert '"reason": "lease_ended"' in system.logs() or place == "before:DATA"
