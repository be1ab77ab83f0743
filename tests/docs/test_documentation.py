"""The documentation is true: settings, commands, names of views, links and pictures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from consumers.ledger.states import DeliveryState
from consumers.mails.alert_view import AlertView
from consumers.mails.run_finished_view import RunFinishedView
from consumers.mails.summary_ready_view import SummaryReadyView
from worker.cli.main import app
from worker.settings import Settings

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "decisions").glob("*.md"))]


def loaded() -> Any:
    """Return the program's group with every command loaded."""
    group: Any = get_command(app)
    for name in group.list_commands(None):
        group.get_command(None, name)
    return group


def test_every_setting_stands_in_its_page_with_its_default_and_meaning() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")

    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        assert f"| `RUNMAIL_{name.upper()}` | {default} | {field.description} |" in page
    assert page.count("| `RUNMAIL_") == len(Settings.model_fields)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")

    for target in re.findall(r"\]\(([^)#]+)\)|<img src=\"([^\"]+)\"", text):
        path = next(part for part in target if part)
        assert path.startswith("http") or (page.parent / path).exists(), path


def test_every_command_that_a_page_shows_exists_with_its_options() -> None:
    group = loaded()
    seen = 0
    for page in PAGES:
        for line in re.findall(r"(?:python3 -m worker|runmail) ([a-z][^`\n]*)", page.read_text("utf-8")):
            words = line.split("#")[0].split()
            command = group
            while words and words[0] in getattr(command, "commands", {}):
                command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
            if getattr(command, "commands", None):
                continue  # a sentence about a group of commands, or one whose files are its own arguments
            known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            for word in words:
                if word.startswith("--") and command.name != "test":
                    assert word.split("=")[0].rstrip(".,;)") in known | {"--help"}, f"{page.name}: {line}"
            seen += 1
    assert seen > 15


def test_every_state_of_a_delivery_that_needs_a_person_is_explained() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")

    for state in set(DeliveryState) - {DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SENT}:
        assert f"delivery `{state}`" in page


def test_every_name_that_a_template_gets_is_documented() -> None:
    page = (ROOT / "docs" / "templates.md").read_text("utf-8")

    for view in (RunFinishedView, SummaryReadyView, AlertView):
        for name in view.__slots__:
            assert f"`view.{name}" in page


def test_every_source_file_of_the_path_in_the_architecture_page_exists() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")

    for path in re.findall(r"`((?:worker|consumers|profiles)/[\w/]+\.py)`", page):
        assert (ROOT / path).is_file(), path


def test_every_command_has_help() -> None:
    def walk(command: object, path: str) -> None:
        for name, child in getattr(command, "commands", {}).items():
            assert child.help or getattr(child, "commands", None), f"{path} {name}"
            walk(child, f"{path} {name}")

    walk(loaded(), "runmail")
