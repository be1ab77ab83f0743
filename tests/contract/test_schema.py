"""The JSON Schemas in docs/ are those of the classes, and agree with what is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.contract import read_event
from consumers.contract.events import EVENT_TYPES
from consumers.contract.outgoing_events import OUTGOING_TYPES
from consumers.contract.schema import schemas, write_schemas

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))
#: Made once: a property test looks at them hundreds of times.
SCHEMAS = schemas()


def validator(event: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        SCHEMAS[f"{event['type']}.json"], format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_the_schemas_in_docs_are_current(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "schemas").iterdir()}
    assert kept == written, "run: python -m consumers.contract.schema docs/schemas"


def test_each_type_has_a_sound_schema() -> None:
    assert set(schemas()) == {f"{name}.json" for name in (*EVENT_TYPES, *OUTGOING_TYPES)}
    for schema in schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_valid_as_written_and_as_we_write_them(path: Path) -> None:
    event = json.loads(path.read_text(encoding="utf-8"))
    validator(event).validate(event)
    validator(event).validate(read_event(event).to_json())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@settings(deadline=None)  # other tests may have the processor too
@given(choice=st.data())
def test_an_event_without_what_its_schema_requires_is_refused_by_both(path: Path, choice: st.DataObject) -> None:
    event = json.loads(path.read_text(encoding="utf-8"))
    target = choice.draw(st.sampled_from([event, event["data"]]))
    del target[choice.draw(st.sampled_from(sorted(target)))]
    if "type" not in event:
        return
    try:
        read_event(event)
    except ValueError:
        assert not validator(event).is_valid(event)
    else:
        validator(event).validate(event)
