"""docs/publishing.md is true: its examples run, and what the contract names stands on it."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from consumers.contract import Publisher, events, malformed, read_event
from consumers.contract.credentials import TOKEN_FORMS
from consumers.contract.events import EVENT_TYPES
from consumers.contract.queue_message import queue_message
from consumers.contract.schema import schemas
from tests.publish.test_publish_files import published
from worker.cli.publish import files
from worker.cli.publish_alert import alert
from worker.cli.publish_run import run_finished
from worker.cli.publish_spool import spool
from worker.cli.publish_summary import summary

pytestmark = pytest.mark.real("redis")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the page assumes it: with examples/ and reports/."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "reports").mkdir()
    shutil.copy(ROOT / "examples" / "junit.xml", tmp_path / "reports")
    return tmp_path


def run(command: list[str | Path], folder: Path, broker_url: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "RUNMAIL_BROKER_URL": broker_url, "RUNMAIL_HOME": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("script", blocks("sh"), ids=lambda script: script.split("\n")[0][:60])
def test_every_shell_example_publishes_what_can_be_read(
    script: str, folder: Path, broker_url: str, broker: redis.Redis
) -> None:
    done = run(["bash", "-euo", "pipefail", "-c", script], folder, broker_url)
    assert (done.returncode, done.stderr) == (0, "")
    found = published(broker)
    assert found
    for event in found:
        read_event(event)


@pytest.mark.parametrize("program", blocks("python"), ids=lambda program: re.findall(r"import (.+)", program)[-1][:40])
def test_every_python_example_publishes(program: str, folder: Path, broker_url: str, broker: redis.Redis) -> None:
    assert "redis://localhost:6379/0" in program
    program = program.replace("redis://localhost:6379/0", broker_url)
    done = run([sys.executable, "-c", program], folder, broker_url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert published(broker)


@pytest.mark.parametrize("text", blocks("json"))
def test_every_event_on_the_page_can_be_read(text: str) -> None:
    read_event(json.loads(text))


def test_the_queue_message_on_the_page_is_ours_byte_for_byte() -> None:
    (form,) = blocks("text")
    event = read_event(json.loads(blocks("json")[0]))
    body = queue_message(event, datetime(2026, 11, 20, 6, 41, 2, 123_000, tzinfo=UTC), "7f3a")
    written = form.strip().replace("EVENT", event.to_json_text()).replace('"ID"', '"7f3a"')
    assert written.replace("MILLISECONDS", "1795156862123").encode() == body


def test_the_access_rule_on_the_page_is_enough_for_a_publisher(broker_url: str, broker: redis.Redis) -> None:
    rule = re.search(r"ACL SETUSER publisher on >… ([^`]+)`", PAGE)
    assert rule is not None
    broker.execute_command("ACL", "SETUSER", "publisher", "on", ">word", *rule[1].split())
    try:
        with Publisher(broker_url.replace("redis://", "redis://publisher:word@")) as publisher:
            publisher.publish(read_event(json.loads(blocks("json")[0])))
        assert len(published(broker)) == 1
    finally:
        broker.execute_command("ACL", "DELUSER", "publisher")


def _names(schema: dict[str, Any]) -> set[str]:
    """Return every name of a property anywhere in a schema."""
    found: set[str] = set()
    for key, value in schema.items():
        if key == "properties":
            found |= set(value)
        if isinstance(value, dict):
            found |= _names(value)
    return found


def test_every_type_and_name_of_the_contract_stands_on_the_page() -> None:
    said = set(re.findall(r"`([^`\n]+)`", PAGE))
    found = schemas()
    for name in EVENT_TYPES:
        assert _names(found[f"{name}.json"]) <= said
    assert set(EVENT_TYPES) <= said


def test_every_reason_and_every_choice_stands_on_the_page() -> None:
    said = set(re.findall(r"`([^`\n]+)`", PAGE))
    assert malformed.MalformedEvent.__doc__ is not None
    reasons = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", malformed.MalformedEvent.__doc__))
    assert len(reasons) >= 10
    assert reasons <= said
    for choices in (events.Outcome, events.TestOutcome, events.Severity):
        assert set(choices.__args__) <= said  # type: ignore[attr-defined]


def test_every_kind_of_token_that_is_masked_stands_on_the_page() -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith("| known tokens"))
    for form in TOKEN_FORMS:
        assert form.whose in row, form.whose
        prefixes = re.findall(r"`([^`]+)`", row)
        assert any(re.match(form.prefix, prefix.replace("…", "b")) for prefix in prefixes), form.prefix


def test_every_option_and_every_fact_of_a_ci_system_stands_on_the_page() -> None:
    names = {
        name for door in (run_finished, alert, summary, files, spool) for name in inspect.signature(door).parameters
    }
    for name in names - {"reports", "file", "folder"}:
        option = "--" + name.rstrip("_").replace("_", "-").removeprefix("as-")
        assert option in PAGE, option
    variables = re.findall(r"`([A-Z]+_[A-Z_]+)`", (ROOT / "consumers" / "contract" / "ci.py").read_text())
    for variable in set(variables) - {"GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL"}:
        assert variable in PAGE, variable
