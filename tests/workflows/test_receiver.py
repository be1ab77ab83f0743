"""The example receiver believes only what is signed, new, and new to it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from consumers.workflows.signing import sign
from profiles.webhook_address import new_secret
from tests.workflows.conftest import command

PATH = Path(__file__).parents[2] / "examples" / "workflows" / "receiver.py"
NOW = 1_764_000_000
SECRET = new_secret()
BODY = b'{"type":"x"}'


@pytest.fixture(scope="module")
def receiver() -> Any:
    described = importlib.util.spec_from_file_location("example_receiver", PATH)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def test_what_was_signed_with_one_of_two_secrets_is_genuine(receiver: Any) -> None:
    headers = sign([new_secret(), SECRET], "evt_1", NOW, BODY)

    assert receiver.is_genuine(SECRET, headers, BODY, NOW + 10)


@pytest.mark.parametrize(
    ("change", "body", "now"),
    [
        ({}, BODY + b" ", NOW),
        ({"webhook-id": "evt_2"}, BODY, NOW),
        ({"webhook-timestamp": str(NOW + 1)}, BODY, NOW),
        ({"webhook-timestamp": "soon"}, BODY, NOW),
        ({"webhook-signature": "v1,"}, BODY, NOW),
        ({"webhook-signature": ""}, BODY, NOW),
        ({}, BODY, NOW + 301),
        ({}, BODY, NOW - 301),
    ],
)
def test_what_was_altered_or_recorded_is_not(receiver: Any, change: dict[str, str], body: bytes, now: int) -> None:
    headers = {**sign([SECRET], "evt_1", NOW, BODY), **change}

    assert not receiver.is_genuine(SECRET, headers, body, now)


def test_a_repeated_event_starts_nothing_twice(receiver: Any, tmp_path: Path) -> None:
    pipeline = receiver.Pipeline([sys.executable, "-c", "pass"])
    event = json.loads(command("evt_1").to_json_text())

    assert [pipeline.take(event), pipeline.take(event)] == ["started", "done before"]
