"""docs/workflows.md is true: its function runs as it stands there, its names and numbers are those of the program."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from consumers.contract.outgoing_events import OUTGOING_TYPES, About, OutgoingData
from consumers.ledger.outgoing_tables import TargetKind
from consumers.workflows.handlers import GROUP
from consumers.workflows.outcome import PAUSES
from tests.workflows.conftest import Desk, command, tell

PAGE = (Path(__file__).parents[2] / "docs" / "workflows.md").read_text("utf-8")


def block(language: str, mark: str) -> str:
    """Return the block of a language that has a mark in it."""
    (found,) = (each for each in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if mark in each)
    return str(found)


def test_the_function_of_the_page_runs_when_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_desk: Callable[[], Desk], capfd: pytest.CaptureFixture[str]
) -> None:
    project: dict[str, Any] = tomllib.loads(block("toml", "entry-points"))["project"]
    described = tmp_path / f"{project['name']}-{project['version']}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    ((name, place),) = project["entry-points"][GROUP].items()
    (described / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {place}\n")
    (tmp_path / "flows.py").write_text(block("python", "def handle"))
    monkeypatch.syspath_prepend(tmp_path)
    desk = open_desk()

    tell(desk.ground.engine, command())
    desk.herald.ring()

    desk.settled(("flows", "done", None, 1))
    assert "again: card_is_charged_once refund_reaches_the_card total_with_voucher" in capfd.readouterr().out


def test_every_type_stands_on_the_page_with_all_that_its_data_has() -> None:
    for name, kind in OUTGOING_TYPES.items():
        if name == "runmail.webhook.test":
            continue
        (row,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
        data = kind.model_fields["data"].annotation
        assert data is not None
        for field in set(data.model_fields) - set(OutgoingData.model_fields):
            assert f"`{field}`" in row, f"{name}: {field}"
    for field in (*OutgoingData.model_fields, *About.model_fields):
        assert f"`{field}`" in PAGE, field


def test_the_pauses_on_the_page_are_those_of_the_program() -> None:
    assert [pause / 1000 for pause in PAUSES[TargetKind.WEBHOOK]] == [
        5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)),
    ]  # fmt: skip
    assert "5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h" in PAGE
    assert [pause / 1000 for pause in PAUSES[TargetKind.HANDLER]] == [5, 60, 300, 1800]
    assert re.search(r"5 s,\s1 min, 5 min and 30 min", PAGE)
