"""The corpus: mails as clients and servers write them, each beside a file that says what it is to be read as."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "mails"


@dataclass(frozen=True)
class Sample:
    """One mail and what its sidecar expects; `about` says what it shows."""

    name: str
    source: bytes
    about: str
    authserv_id: str | None
    expected: dict[str, Any]


def samples() -> list[Sample]:
    """Return every mail of the corpus in the order of their names."""
    found = []
    for path in sorted(FOLDER.glob("*.eml")):
        expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
        about, authserv_id = expected.pop("about"), expected.pop("authserv_id", None)
        found.append(Sample(path.stem, path.read_bytes(), about, authserv_id, expected))
    return found


SAMPLES = samples()
