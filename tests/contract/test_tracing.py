"""An event carries the trace of its publisher, and is never refused or changed for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consumers.contract import read_event
from consumers.contract.tracing import in_trace
from consumers.ledger.recording import arrival
from tests.cli.test_operator_commands import run

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EXAMPLE = json.loads((Path(__file__).parent.parent.parent / "examples" / "alert.json").read_text("utf-8"))


def test_a_trace_travels_with_the_event_and_does_not_make_it_another_one() -> None:
    traced = {**EXAMPLE, "traceparent": PARENT, "tracestate": "vendor=1"}
    event = read_event(traced)

    assert (event.traceparent, event.tracestate) == (PARENT, "vendor=1")
    assert event.to_json()["traceparent"] == PARENT
    plain = arrival(read_event(EXAMPLE), EXAMPLE, published_at=None, now=0)
    assert arrival(event, traced, published_at=None, now=0).fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    "value",
    [
        *("", "00-1", 7, None, ["x"], PARENT.upper(), PARENT + "\n", PARENT.replace("00-", "ff-", 1)),
        *("00-" + "0" * 32 + PARENT[35:], PARENT[:36] + "0" * 16 + "-01", "x" * 5000),
    ],
)
def test_what_is_no_trace_is_left_out_and_refuses_nothing(value: object) -> None:
    event = read_event({**EXAMPLE, "traceparent": value, "tracestate": value})

    assert event.traceparent is None
    assert event.id == EXAMPLE["id"]


def test_the_variables_of_the_environment_name_the_trace_of_an_event_that_has_none() -> None:
    event = read_event(EXAMPLE)

    assert in_trace(event, {"TRACEPARENT": PARENT, "TRACESTATE": "a=b"}).traceparent == PARENT
    assert in_trace(event, {"TRACEPARENT": "nonsense"}) is event
    assert in_trace(event, {}) is event
    traced = read_event({**EXAMPLE, "traceparent": PARENT})
    assert in_trace(traced, {"TRACEPARENT": PARENT.replace("4bf9", "1111")}) is traced


def test_the_command_line_puts_an_event_into_the_trace_of_its_pipeline(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(json.dumps(EXAMPLE))

    done = run("publish", str(tmp_path / "event.json"), "--dry-run", home=tmp_path, TRACEPARENT=PARENT)

    assert json.loads(done.stdout)["traceparent"] == PARENT
