"""`up` keeps what it runs running: a broker that dies comes back where its clients look for it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.deploy.conftest import Started, ended, wait_until
from tests.rig.smtp_server import FaultySmtpServer
from tests.rig.spine import run_finished

PROFILES = """
[[profile]]
name = "QA alerts"
from = "qa@example.com"
[profile.smtp]
host = "{host}"
port = {port}
security = "none"
"""


@pytest.fixture
def up(tmp_path: Path, smtp_server: FaultySmtpServer) -> Iterator[Started]:
    """An `up` on an embedded Redis, with a profile that sends to the test's server."""
    started = Started(tmp_path, "")
    (tmp_path / "profiles.toml").write_text(PROFILES.format(host=smtp_server.host, port=smtp_server.port))
    assert started.run("profiles", "seed", str(tmp_path / "profiles.toml")).returncode == 0
    started.start("up")
    wait_until(lambda: started.said("clock_has_lease") and started.said("worker_started"))
    wait_until(lambda: started.said("Open it once, within 10 minutes: http://127.0.0.1:"))
    with ended(started):
        yield started


def publish(started: Started, number: int) -> None:
    file = started.home / f"event-{number}.json"
    file.write_text(json.dumps(run_finished(f"run-{number}")))
    done = started.run("publish", str(file))
    assert done.returncode == 0, done.stderr


def test_a_killed_broker_comes_back_on_the_same_address_and_mail_goes_on(
    up: Started, smtp_server: FaultySmtpServer
) -> None:
    publish(up, 1)
    smtp_server.wait_for(1, seconds=60)
    before = json.loads((up.home / "broker.json").read_text())
    os.kill(before["pid"], signal.SIGKILL)
    wait_until(lambda: up.said("it died and was started again"))
    after = json.loads((up.home / "broker.json").read_text())
    assert after["url"] == before["url"]
    assert after["pid"] != before["pid"]
    wait_until(lambda: up.run("doctor").returncode == 0)

    publish(up, 2)
    smtp_server.wait_for(2, seconds=60)
    assert up.logs().count("it died and was started again") == 1
    os.kill(after["pid"], signal.SIGKILL)
    wait_until(lambda: up.said("it died and was started again", 2))
    last = json.loads((up.home / "broker.json").read_text())["pid"]
    up.processes[0].terminate()
    assert up.processes[0].wait(60) == 0
    assert not psutil.pid_exists(last)
    assert before["url"] not in up.logs()
