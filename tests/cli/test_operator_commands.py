"""The operator's commands as they are typed: one JSON document, one clear line, the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from consumers.views.deliveries import KEYS
from tests.rig.forked import run_command
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until


def run(*arguments: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")}
    return run_command(arguments, {**kept, "RUNMAIL_HOME": str(home), **more})


def document(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_deliveries_are_listed_with_stable_keys_and_shown_with_their_attempts(spine: Spine, database: str) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished("run-1", "a@example.com", "b@example.com"))
    spine.settled(sent=2)

    rows = document(spine.run("deliveries", "list", "--state", "sent", "--event", "run-1", "--json"))
    assert [tuple(row) for row in rows] == [KEYS, KEYS]
    assert rows[0]["event_source"] == "ci.example.com/checkout-api"
    assert rows[0]["maybe_twice"] is False
    assert document(spine.run("deliveries", "list", "--profile", "another", "--json")) == []
    assert len(document(spine.run("deliveries", "list", "--limit", "1", "--json"))) == 1
    shown = document(spine.run("deliveries", "show", str(rows[0]["id"]), "--json"))
    assert [attempt["outcome"] for attempt in shown["history"]] == ["taken"]
    text = spine.run("deliveries", "show", str(rows[0]["id"])).stdout
    assert "attempt 1" in text
    books = document(spine.run("audit", "--json"))
    assert list(books)[:6] == ["balanced", "accepted", "planned", "events", "states", "maybe_twice"]
    assert books["balanced"] is True
    assert books["states"]["sent"] == 2


def test_a_held_delivery_is_sent_after_its_release(spine: Spine, database: str) -> None:
    spine.profile(enabled=False)
    spine.work()
    spine.publish(run_finished())
    (row,) = spine.settled(held=1)

    refused = spine.run("deliveries", "hold", str(row["id"]))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert document(spine.run("deliveries", "release", str(row["id"]), "--json"))["changed"][0]["state"] == "pending"


def test_events_are_listed_and_shown_with_their_content(spine: Spine, database: str) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished())
    spine.settled(sent=1)

    (row,) = document(spine.run("events", "list", "--json"))
    assert row["state"] == "planned"
    shown = document(spine.run("events", "show", "run-1", "--json"))
    assert shown["content"]["data"]["suite"] == "checkout-api"
    assert shown["deliveries"] == {"sent": 1}
    assert "checkout-api" in spine.run("events", "show", str(row["id"])).stdout


def test_terminal_escapes_of_a_stranger_do_not_reach_the_terminal(spine: Spine) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished("run-1", suite="\x1b[2J\x9b31mevil\u202e"))
    spine.settled(sent=1)

    text = spine.run("events", "show", "run-1").stdout + spine.run("deliveries", "list").stdout
    assert "evil" in text
    assert not any(char in text for char in "\x1b\x9b\u202e")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("deliveries", "show", "77"), 1),
        (("events", "show", "nothing"), 1),
        (("events", "list", "--state", "lost"), 2),
        (("deliveries", "list", "--limit", "0"), 2),
        (("worker", "--queues", "nonsense"), 2),
        (("nonsense",), 2),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(arguments: tuple[str, ...], code: int, tmp_path: Path) -> None:
    done = run(*arguments, home=tmp_path)

    assert done.returncode == code
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_broker_a_worker_says_what_to_do(tmp_path: Path) -> None:
    done = run("worker", home=tmp_path)

    assert done.returncode == 1
    assert done.stderr == "runmail: no broker: start `runmail up` or set RUNMAIL_BROKER_URL\n"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RUNMAIL_DATABASE_URL", "mysql://h/d", "must begin with sqlite:/// or postgresql://"),
        ("RUNMAIL_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/d", "the database does not answer"),
        ("RUNMAIL_SECRET_KEYS", "hunter2", "secret key 1"),
        ("RUNMAIL_THREADS", "hunter2", "RUNMAIL_THREADS"),
        ("RUNMAIL_DOMAIN", "hunter2>\r\nBcc: x", "RUNMAIL_DOMAIN"),
        ("RUNMAIL_ATTEMPT_SECONDS", "600", "RUNMAIL_LEASE_SECONDS"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_never_shown(
    name: str, value: str, said: str, tmp_path: Path
) -> None:
    done = run("audit", home=tmp_path, **{name: value})

    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "hunter2" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_migrate_says_what_it_did_and_does_nothing_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.sqlite3'}"

    assert document(run("migrate", "--json", home=tmp_path, RUNMAIL_DATABASE_URL=url))["before"] is None
    assert "up to date" in run("migrate", home=tmp_path, RUNMAIL_DATABASE_URL=url).stdout


def test_the_doctor_names_what_is_wrong_and_what_to_do(spine: Spine, tmp_path: Path) -> None:
    healthy = spine.run("doctor", "--json")
    findings = {each["subject"]: each for each in json.loads(healthy.stdout)}
    assert findings["database"]["verdict"] == "ok"
    assert findings["profiles"]["said"] == "No email profiles configured"
    assert findings["broker persistence"]["advice"].startswith("set `appendonly yes`")
    ill = run("doctor", home=tmp_path / "other")
    assert ill.returncode == 1
    assert "runmail up" in ill.stdout


def test_the_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    run("audit", home=tmp_path)
    path = tmp_path / "secret-keys"
    before = path.read_text()

    assert path.stat().st_mode & 0o777 == 0o600
    run("audit", home=tmp_path)
    assert path.read_text() == before
    path.chmod(0o644)
    assert "chmod 600" in run("audit", home=tmp_path).stderr


def test_up_runs_everything_and_ends_with_everything_it_started(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "worker.cli.main", "up"],
        env={**kept, "RUNMAIL_HOME": str(tmp_path), "RUNMAIL_WEB_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: (tmp_path / "broker.json").exists())
        wait_until(lambda: "runs as" in run("doctor", home=tmp_path).stdout)
        pid = json.loads((tmp_path / "broker.json").read_text())["pid"]
        process.terminate()
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Running 1 worker, a clock and the page" in output
    assert not Path(f"/proc/{pid}").exists()
