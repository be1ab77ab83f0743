"""`replies follow`: every event once and in order, resumable, and it ends when nobody reads any more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from consumers.contract.outgoing_events import RecipientSuppressed, RecipientSuppressedData
from consumers.views.following import GAP_SECONDS, Follower
from consumers.views.outgoing import Followed
from tests.workflows.conftest import command, tell
from worker.ground import Ground

Start = Callable[..., "subprocess.Popen[str]"]
#: Seconds a process may take on a busy machine.
PATIENCE = 60


def at(*places: int) -> list[Followed]:
    return [Followed(place, f"evt_{place}", "t", 1, b"{}") for place in places]


def test_what_lies_behind_a_gap_waits_until_it_is_filled() -> None:
    follower = Follower(0, lambda: 0.0)

    first = [each.row_id for each in follower.take(at(1, 2, 4))]
    second = [each.row_id for each in follower.take(at(3, 4))]

    assert (first, second, follower.after) == ([1, 2], [3, 4], 4)


def test_a_gap_that_stays_is_passed_over_once_it_is_old() -> None:
    now = [0.0]
    follower = Follower(0, lambda: now[0])

    assert follower.take(at(2, 4)) == []
    now[0] = GAP_SECONDS
    assert [each.row_id for each in follower.take(at(2, 4))] == [2]
    assert follower.take(at(4)) == []
    now[0] = 2 * GAP_SECONDS
    assert [each.row_id for each in follower.take(at(4))] == [4]


@pytest.fixture
def follow(ground: Ground) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        found = subprocess.Popen(
            [sys.executable, "-m", "worker.cli.main", "replies", "follow", *options],
            env={**os.environ, "RUNMAIL_HOME": str(ground.settings.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(found)
        return found

    yield start
    for process in started:
        process.kill()
        process.wait()


def next_id(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    found: str = json.loads(process.stdout.readline())["id"]
    return found


def test_events_come_as_they_are_announced_and_ctrl_c_ends_without_a_word(ground: Ground, follow: Start) -> None:
    tell(ground.engine, command("evt_1"), command("evt_2"))
    process = follow("--json", "--after", "evt_1")

    assert next_id(process) == "evt_2"
    tell(ground.engine, command("evt_3"))
    assert next_id(process) == "evt_3"
    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_only_the_wanted_type_is_shown_from_the_first_that_is_kept(ground: Ground, follow: Start) -> None:
    gone = RecipientSuppressed(
        id="evt_2", data=RecipientSuppressedData(profile="QA alerts", reason="stop", recipient="a@example.com")
    )
    tell(ground.engine, command("evt_1"), gone, command("evt_3"))
    process = follow(
        "--json", "--after", "0", "--type", "runmail.recipient.suppressed", "--type", "runmail.reply.received"
    )

    assert next_id(process) == "evt_2"


def test_it_ends_when_its_reader_ends_though_nothing_comes(ground: Ground, follow: Start) -> None:
    tell(ground.engine, command("evt_1"))
    process = follow("--json", "--after", "0")
    next_id(process)

    assert process.stdout is not None
    process.stdout.close()

    assert process.wait(PATIENCE) == 0


def test_an_event_that_is_not_there_is_no_place_to_begin(ground: Ground, follow: Start) -> None:
    process = follow("--json", "--after", "evt_never")

    _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert "there is no event “evt_never”" in said
