"""The JSON Schema of each event type, generated from the classes into docs/schemas/.

Run as a module with that folder it writes them; a test keeps them current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .events import EVENT_TYPES
from .outgoing_events import OUTGOING_TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles of fields, which only repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each type, by the name of its file (`runmail.alert.json`)."""
    found: dict[str, dict[str, Any]] = {}
    for name, model in {**EVENT_TYPES, **OUTGOING_TYPES}.items():
        schema = model.model_json_schema(by_alias=True, schema_generator=_Untitled)
        # pydantic leaves out fields with a default; a CloudEvent without them is none (CloudEvents 1.0, 2.4.1).
        schema["required"] = sorted({*schema.get("required", ()), "specversion", "type"})
        found[f"{name}.json"] = {"$schema": DIALECT, "$id": f"urn:{name.replace('.', ':')}", **schema}
    return found


def write_schemas(folder: Path) -> None:
    """Write every schema into `folder`, which must exist."""
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
