"""`runmail publish FILE|-`: every good event is published, every other is one line."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.cli.typed import typed

pytestmark = pytest.mark.real("redis")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def runmail(*arguments: str, stdin: bytes = b"", home: Path, **variables: str) -> Done:
    """Run the program as people do, in an environment without a CI's variables; in this process, since it is short."""
    with contextlib.chdir(home):
        done = typed(*arguments, stdin=stdin, home=home, bare=True, **{"COLUMNS": "120", **variables})
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def alert(examples: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((examples / "alert.json").read_text(encoding="utf-8"))
    return found


def published(broker: redis.Redis) -> list[dict[str, Any]]:
    ids: Any = broker.lrange("dramatiq:events", 0, -1)
    found: Any = broker.hmget("dramatiq:events.msgs", ids) if ids else []
    return [json.loads(body)["args"][0] for body in found]


@pytest.mark.parametrize("name", ["alert", "run-finished", "run-started", "summary-ready", "report-requested"])
def test_a_file_of_one_event_is_published(
    name: str, broker_url: str, broker: redis.Redis, examples: Path, tmp_path: Path
) -> None:
    file = examples / f"{name}.json"
    done = runmail("publish", str(file), home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    event = json.loads(file.read_text(encoding="utf-8"))
    assert (done.code, done.out, done.err) == (0, f"published 1 event: {event['type']} {event['id']}\n", "")
    assert [found["id"] for found in published(broker)] == [event["id"]]


def test_every_good_event_of_a_bad_input_is_published(
    broker_url: str, broker: redis.Redis, alert: dict[str, Any], tmp_path: Path
) -> None:
    lines = [
        json.dumps({**alert, "id": "1"}),
        "{broken",
        json.dumps({**alert, "id": "x" * 600}),
        "",
        json.dumps({**alert, "id": "2", "data": {**alert["data"], "url": "ftp://x"}}),
        json.dumps({**alert, "id": "3"}),
        json.dumps({**alert, "id": "4", "data": {**alert["data"], "recipients": ["ж" * 300] * 1000}}),
    ]
    done = runmail("publish", "-", stdin="\n".join(lines).encode(), home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert done.code == 1
    assert done.err.splitlines() == [
        "runmail: standard input, line 2: no JSON: expecting property name enclosed in double quotes (column 2)",
        "runmail: standard input, line 3: id: is longer than 512 characters",
        "runmail: standard input, line 5: data.url: must begin with http:// or https://",
        "runmail: standard input, line 7: data: is above 1000000 bytes even when shortened",
    ]
    assert done.out == "published 2 events, refused 4\n"
    assert [event["id"] for event in published(broker)] == ["1", "3"]


def test_json_is_one_document_with_ids_and_refusals(broker_url: str, alert: dict[str, Any], tmp_path: Path) -> None:
    text = json.dumps([{**alert, "id": "1"}, {**alert, "type": "other"}])
    done = runmail("publish", "--json", "-", stdin=text.encode(), home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert done.code == 1
    document = json.loads(done.out)
    assert document["ids"] == ["1"]
    assert document["published"] == [{"source": alert["source"], "id": "1", "type": "runmail.alert"}]
    assert [(found["line"], found["reason"], found["field"]) for found in document["refused"]] == [
        (1, "unknown_type", "type")
    ]


def test_a_dry_run_prints_what_can_be_published_again_and_needs_no_broker(
    broker_url: str, broker: redis.Redis, examples: Path, tmp_path: Path
) -> None:
    dry = runmail("publish", str(examples / "run-finished.json"), "--dry-run", home=tmp_path)
    assert (dry.code, dry.err, len(dry.out.splitlines())) == (0, "", 1)
    done = runmail("publish", "-", stdin=dry.out.encode(), home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert done.code == 0
    assert published(broker) == [json.loads(dry.out)]


def test_many_events_go_through_in_one_go(
    broker_url: str, broker: redis.Redis, alert: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("".join(json.dumps({**alert, "id": str(number)}) + "\n" for number in range(5000)))
    done = runmail("publish", str(file), "--json", home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert json.loads(done.out)["ids"] == [str(number) for number in range(5000)]
    assert [event["id"] for event in published(broker)] == [str(number) for number in range(5000)]


@pytest.mark.parametrize("variables", [{}, {"RUNMAIL_BROKER_URL": "redis://:opensesame@127.0.0.1:1/0"}])
def test_without_a_broker_one_line_says_what_to_do(variables: dict[str, str], examples: Path, tmp_path: Path) -> None:
    done = runmail("publish", str(examples / "alert.json"), home=tmp_path, **variables)
    assert (done.code, done.out) == (1, "")
    assert done.err == "runmail: no broker: start `runmail up` or set RUNMAIL_BROKER_URL\n"


@pytest.mark.parametrize(
    ("content", "out", "error"),
    [
        (b"", "", "standard input: there is no event in it"),
        (b" \n", "", "standard input: there is no event in it"),
        (
            b"\x1b[31mred",
            "published 0 events, refused 1\n",
            "standard input, line 1: no JSON: expecting value (column 1)",
        ),
    ],
)
def test_input_without_an_event_is_a_failure(
    content: bytes, out: str, error: str, broker_url: str, tmp_path: Path
) -> None:
    done = runmail("publish", "-", stdin=content, home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert (done.code, done.out, done.err) == (1, out, f"runmail: {error}\n")


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = runmail("publish", "none.json", home=tmp_path)
    assert (done.code, done.out, done.err) == (1, "", "runmail: none.json: no such file or directory\n")
    done = runmail("publish", str(tmp_path), home=tmp_path)
    assert (done.code, done.err) == (1, f"runmail: {tmp_path}: is a directory\n")


def test_a_wrong_option_is_wrong_use(tmp_path: Path) -> None:
    assert runmail("publish", "x.json", "--no-such-option", home=tmp_path).code == 2
    assert runmail("publish", "--no-such-option", "x.json", home=tmp_path).code == 2
    assert runmail("publish", "a.json", "b.json", home=tmp_path).code == 2


def test_help_shows_files_and_commands(tmp_path: Path) -> None:
    for arguments in (("publish", "--help"), ("publish", "-h")):
        done = runmail(*arguments, home=tmp_path)
        assert done.code == 0
        for part in ("runmail publish FILE|- [OPTIONS]", "--dry-run", "--json", "run-finished"):
            assert part in done.out
    done = runmail("publish", "events.json", "--help", home=tmp_path)
    assert "Usage: runmail publish FILE|- [OPTIONS]" in done.out


def test_a_file_may_be_called_like_a_command(broker_url: str, examples: Path, tmp_path: Path) -> None:
    (tmp_path / "run-finished").write_bytes((examples / "alert.json").read_bytes())
    done = runmail("publish", "./run-finished", home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert done.out.startswith("published 1 event: runmail.alert")


def test_a_slow_command_shows_on_a_terminal_that_it_is_at_work(
    broker_url: str, broker: redis.Redis, alert: dict[str, Any], tmp_path: Path
) -> None:
    terminal, theirs = os.openpty()
    environment = {"PATH": os.environ["PATH"], "RUNMAIL_HOME": str(tmp_path), "TERM": "xterm"}
    with subprocess.Popen(
        [Path(sys.executable).with_name("runmail"), "publish", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**environment, "RUNMAIL_BROKER_URL": broker_url},
    ) as process:
        os.close(theirs)
        assert process.stdin is not None
        process.stdin.write(json.dumps(alert).encode() + b"\n")
        process.stdin.flush()
        seen = b""
        while b"publishing events" not in seen:  # pytest's time limit ends a test that never sees it
            seen += os.read(terminal, 4096)
        process.stdin.close()
        assert process.wait(30) == 0
    os.close(terminal)
    assert len(published(broker)) == 1
