"""The events runmail publishes: their examples, their schemas, and what a receiver may rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from consumers.contract import MalformedEvent, read_event
from consumers.contract.outgoing_events import (
    MAX_FAILED_TESTS,
    OUTGOING_TYPES,
    CommandIssued,
    CommandIssuedData,
    new_outgoing_id,
)
from consumers.contract.reading import read_outgoing_event
from consumers.contract.schema import schemas

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "workflows").glob("*.json"))


def example(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_there_is_an_example_of_each_type() -> None:
    assert {example(path)["type"] for path in EXAMPLES} == set(OUTGOING_TYPES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fits_its_schema_as_written_and_as_we_write_it(path: Path) -> None:
    event = example(path)
    validator = jsonschema.Draft202012Validator(schemas()[f"{event['type']}.json"])

    validator.validate(event)
    validator.validate(read_outgoing_event(event).to_json())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_field_that_a_newer_runmail_adds_is_kept(path: Path) -> None:
    event = example(path)
    event["data"]["added_later"] = {"a": 1}

    assert read_outgoing_event(event).to_json()["data"]["added_later"] == {"a": 1}


@pytest.mark.parametrize("wrong", ["evt.1", "", "a b", "x" * 65, "evt_1\n"])
def test_an_id_that_could_confuse_a_signature_is_refused(wrong: str) -> None:
    event = example(ROOT / "examples" / "workflows" / "command-issued.json")

    with pytest.raises(MalformedEvent) as refused:
        read_outgoing_event({**event, "id": wrong})

    assert refused.value.field == "id"


def test_a_new_id_can_stand_in_an_event_and_comes_once() -> None:
    event = example(ROOT / "examples" / "workflows" / "command-issued.json")
    made = {new_outgoing_id() for _ in range(100)}

    assert len(made) == 100
    assert all(read_outgoing_event({**event, "id": each}).id == each for each in made)


def test_a_command_about_thousands_of_failed_tests_names_the_first_and_counts_all() -> None:
    names = [f"test {number}" for number in range(5_000)]

    data = CommandIssuedData(
        profile="QA alerts", command="rerun failed", issued_by="a@example.com", failed_tests=names, failed_total=5_000
    )

    assert len(data.failed_tests) == MAX_FAILED_TESTS
    assert data.failed_total == 5_000


def test_what_we_publish_is_not_taken_as_published_to_us() -> None:
    event = example(ROOT / "examples" / "workflows" / "command-issued.json")

    with pytest.raises(MalformedEvent) as refused:
        read_event(event)

    assert refused.value.reason == "unknown_type"
    assert isinstance(read_outgoing_event(event), CommandIssued)
