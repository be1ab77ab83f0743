"""Workers and clocks in processes of their own: what is announced arrives, also when workers are killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from profiles.authors import PROGRAM
from profiles.webhooks import WebhookStore
from tests.rig.spine import Spine
from tests.rig.waiting import wait_until
from tests.workflows.conftest import command, tell
from tests.workflows.hook_server import HookServer

# Processes are started one after the other, which takes long on a machine that does much else.
pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
RECEIVER = ROOT / "examples" / "workflows" / "receiver.py"
#: Settings of the processes of these tests: short leases, and a receiver on this machine.
SHORT = {"RUNMAIL_WEBHOOK_SECONDS": "2", "RUNMAIL_WEBHOOK_PRIVATE_HOSTS": "localhost,127.0.0.1"}
#: Stands for a pipeline: it writes down what it was given.
PIPELINE = """
import json, os, sys
given = {name: value for name, value in os.environ.items() if name.startswith("RERUN_")}
open(sys.argv[1], "a").write(json.dumps(given) + "\\n")
"""
Start = Callable[..., HookServer]


@pytest.mark.parametrize("place", ["before:settle_outgoing", "after:route", "after:claim_outgoing"])
def test_an_event_arrives_though_a_worker_is_killed_on_its_way(place: str, spine: Spine, hook_server: Start) -> None:
    server, profile = hook_server(), spine.profile()
    WebhookStore(spine.ground.profiles, {"localhost"}).add(profile.name, server.url, by=PROGRAM)
    trap = {"FAULT_RIG_HOME": str(spine.home), "FAULT_RIG_KILL": f"{place}:1"}
    killed = spine.start("worker", **SHORT, **trap)
    spine.start("clock")
    tell(spine.ground.engine, command("evt_1"), profile_id=profile.id)

    killed.wait(60)
    spine.start("worker", **SHORT)

    wait_until(lambda: '"outgoing_delivered"' in spine.logs(), 90)
    assert {request.headers["webhook-id"] for request in server.requests} == {"evt_1"}
    # What was answered and not written down comes again, with the same id.
    assert len(server.requests) == (2 if place.startswith("before:settle") else 1)


def test_a_clock_that_no_worker_hears_rings_once(spine: Spine) -> None:
    clock = spine.clock()
    tell(spine.ground.engine, command("evt_1"))

    for _ in range(5):
        clock.tick(take_back=False)

    assert redis.Redis.from_url(spine.broker_url).llen("dramatiq:workflows") == 1


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """Starts the example receiver with a pipeline that writes down what it was given; returns its port."""
    started: list[subprocess.Popen[str]] = []
    pipeline = [sys.executable, "-c", PIPELINE, str(tmp_path / "pipeline")]

    def start(secret: str) -> int:
        process = subprocess.Popen(
            [sys.executable, str(RECEIVER), "--port", "0", "--", *pipeline],
            env={**os.environ, "RECEIVER_SECRET": secret},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stderr is not None
        return int(process.stderr.readline().rsplit(" ", 1)[1])

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_reply_that_says_rerun_failed_starts_a_pipeline_once(
    spine: Spine, receiver: Callable[[str], int], tmp_path: Path
) -> None:
    """The example of docs/workflows.md, as far as its receiver: a genuine command starts the pipeline, nothing else."""
    profile = spine.profile()
    (tmp_path / "secret").write_text("whsec_" + "cnVubWFp" * 4)
    port = receiver("whsec_" + "cnVubWFp" * 4)
    added = spine.run(
        "webhooks", "add", "QA alerts", f"http://127.0.0.1:{port}/", "--secret-file", str(tmp_path / "secret"), **SHORT
    )
    assert added.returncode == 0, added.stderr
    tested = spine.run("webhooks", "test", "1", "--json", **SHORT)
    assert json.loads(tested.stdout)["taken"] is True, tested.stderr
    spine.start("worker", **SHORT)
    spine.start("clock")

    tell(spine.ground.engine, command("evt_1"), command("evt_2", command="ack"), profile_id=profile.id)
    wait_until(lambda: spine.logs().count('"outgoing_delivered"') == 2, 90)

    wait_until((tmp_path / "pipeline").exists)
    (started,) = (tmp_path / "pipeline").read_text().splitlines()
    assert json.loads(started) == {
        "RERUN_SUITE": "checkout-api",
        "RERUN_BRANCH": "main",
        "RERUN_RUN_ID": "5821",
        "RERUN_TESTS": "card_is_charged_once\nrefund_reaches_the_card\ntotal_with_voucher",
        "RERUN_BY": "dana@example.com",
    }
