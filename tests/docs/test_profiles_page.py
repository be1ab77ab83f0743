"""The page on profiles is true: its example is read as it stands and shows every setting."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel

from profiles.advice import TEXTS
from profiles.form_faults import TABLES
from profiles.marks import MarkName
from profiles.presets import PRESETS
from profiles.profiles_file import read_profiles

PAGE = (Path(__file__).parent.parent.parent / "docs" / "profiles.md").read_text("utf-8")
EXAMPLE = PAGE.partition("```toml\n")[2].partition("```")[0]


def test_the_example_is_a_profiles_file_without_warnings() -> None:
    found = read_profiles(EXAMPLE, {"QA_SMTP_PASSWORD": "x", "QA_IMAP_PASSWORD": "y"}, Path("/"))
    assert [draft.profile.name for draft in found.drafts] == ["QA alerts", "Spare"]
    assert found.warnings == ()


def test_the_example_shows_every_setting() -> None:
    shown = set(re.findall(r"^(\w+) =", EXAMPLE, re.MULTILINE)) | set(
        re.findall(r"^\[profile\.(\w+)\]", EXAMPLE, re.MULTILINE)
    )
    tables: list[type[BaseModel]] = list(TABLES.values())
    for table in tables:
        for name, field in table.model_fields.items():
            assert (field.alias or name) in shown


def test_the_words_of_failures_are_those_that_the_test_says() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| [^|]+ \|$", PAGE.partition("## When a test fails")[2], re.MULTILINE)[2:]
    said = [text for text, _ in TEXTS.values()]
    assert len(rows) >= 7
    for row in rows:
        assert any(row.partition(",")[0] in text for text in said), row


def test_the_table_of_presets_is_true() -> None:
    for name, preset in PRESETS.items():
        table = preset.table()
        cells = [f"`{name}`", *(_server(table.get(service)) for service in ("smtp", "imap"))]
        limits = ", ".join(f"{key} {value}" for key, value in table["limits"].items())
        assert f"| {' | '.join([*cells, limits])} |" in PAGE


def test_every_mark_is_explained() -> None:
    assert set(re.findall(r"`(\w+)`", PAGE.partition("## What `list` marks")[2].partition("A person's")[0])) >= set(
        MarkName
    )


def _server(server: dict[str, object] | None) -> str:
    return f"{server['host']}:{server['port']} {server['security']}" if server else ""
