"""`runmail publish run-started`: it waits for the very event that `run-finished` of the same job publishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.publish.test_publish_files import published, runmail
from tests.results.test_ci import GITHUB, GITLAB, JENKINS

pytestmark = pytest.mark.real("redis")

STATED = ("--profile", "QA alerts")


def dry(home: Path, command: str, *options: str, **variables: str) -> dict[str, Any]:
    """Return the event that would be published."""
    done = runmail("publish", command, *STATED, *options, "--dry-run", home=home, **variables)
    assert (done.code, done.err) == (0, "")
    event: dict[str, Any] = json.loads(done.out)
    return event


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ((), GITHUB),
        ((), GITLAB),
        (("--environment", "staging", "--suite", "nightly", "--shard", "2/5"), JENKINS),
        (("--suite", "nightly", "--run-id", "7", "--source", "cron.example.com"), {}),
    ],
    ids=["github", "gitlab", "jenkins", "by hand"],
)
def test_the_end_that_is_waited_for_is_the_one_that_the_same_options_publish(
    options: tuple[str, ...], variables: dict[str, str], tmp_path: Path
) -> None:
    start = dry(tmp_path, "run-started", "--deadline", "90", *options, **variables)
    finish = dry(tmp_path, "run-finished", "--outcome", "passed", *options, **variables)

    assert (start["source"], start["data"]["finish_id"]) == (finish["source"], finish["id"])
    assert start["id"] == f"{finish['id']}/started"
    assert start["data"]["deadline_seconds"] == 5400
    for name in set(start["data"]) & set(finish["data"]):
        assert start["data"][name] == finish["data"][name]


def test_an_id_by_hand_is_the_one_that_is_waited_for(tmp_path: Path) -> None:
    start = dry(tmp_path, "run-started", "--deadline", "1", "--suite", "s", "--finish-id", "nightly-7")
    assert (start["id"], start["data"]["finish_id"]) == ("nightly-7/started", "nightly-7")


def test_repeating_the_command_in_one_step_is_one_event(broker_url: str, broker: redis.Redis, tmp_path: Path) -> None:
    for _ in range(2):
        options = ("--deadline", "60", "--to", "a@example.com, b@example.com")
        done = runmail(
            "publish", "run-started", *STATED, *options, home=tmp_path, RUNMAIL_BROKER_URL=broker_url, **GITHUB
        )
        assert (done.code, done.err) == (0, "")
    first, second = published(broker)
    assert done.out == f"published 1 event: runmail.run.started {first['id']}\n"
    assert first["data"]["recipients"] == ["a@example.com", "b@example.com"]
    del first["time"], second["time"]
    assert first == second


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--deadline", "60"], "say what runs: --suite, as run-finished will"),
        (
            ["--deadline", "60", "--suite", "s"],
            "say which run this is: --run-id, as run-finished will, or --finish-id, which is its --id",
        ),
    ],
)
def test_a_run_that_could_not_be_told_from_others_is_wrong_use(options: list[str], error: str, tmp_path: Path) -> None:
    done = runmail("publish", "run-started", *STATED, *options, home=tmp_path)
    assert (done.code, done.out, done.err) == (2, "", f"runmail: {error}\n")


@pytest.mark.parametrize("deadline", ["-1", "10081", "soon"])
def test_a_deadline_must_be_minutes_of_a_week_at_most(deadline: str, tmp_path: Path) -> None:
    done = runmail(
        "publish", "run-started", *STATED, "--deadline", deadline, "--suite", "s", "--run-id", "7", home=tmp_path
    )
    assert (done.code, done.out) == (2, "")
    assert "--deadline" in done.err


def test_what_the_contract_refuses_is_one_line(tmp_path: Path) -> None:
    options = ["--deadline", "0", "--suite", "s", "--run-id", "7", "--dry-run"]
    done = runmail("publish", "run-started", *STATED, *options, home=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err == "runmail: run-started: data.deadline_seconds: should be greater than or equal to 1\n"
