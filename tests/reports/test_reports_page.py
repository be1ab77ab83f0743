"""docs/reports.md is true: every period, option, reason and number on it is the program's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from typer.main import get_command

from consumers.contract.events import ReportRequestedData
from consumers.contract.period_names import CALENDAR_NAMES, is_period_name
from consumers.reports.answering import NOTHING_TO_REPORT, TREND_BACK
from consumers.reports.cadence import PERIODS
from consumers.reports.computing import TREND_RUNS
from consumers.reports.failing import FAILING_BACK
from consumers.reports.firing import MOST_MISSED
from consumers.reports.periods import DEFAULT_PERIOD
from consumers.reports.run_records import MOST_NAMES
from worker.cli.main import app

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "reports.md").read_text("utf-8")


def options(*path: str) -> set[str]:
    command: Any = get_command(app)
    for name in path:
        command = command.get_command(None, name) if hasattr(command, "get_command") else command.commands[name]
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def test_every_period_stands_on_the_page_and_in_the_contract() -> None:
    publishing = (ROOT / "docs" / "publishing.md").read_text("utf-8")
    named = re.findall(r"^\| (`[^|]+`) \|", PAGE.partition("## Periods")[2].partition("## Which")[0], re.MULTILINE)

    shown = [name for cell in named for name in re.findall(r"`([^`]+)`", cell)]
    assert [name for name in shown if not is_period_name(name)] == ["since", "until"]
    for name in CALENDAR_NAMES:
        assert name in shown
        assert f"`{name}`" in publishing


def test_every_selection_is_an_option_and_a_field() -> None:
    table = PAGE.partition("## Which runs")[2].partition("## What")[0]
    for option, fields in re.findall(r"^\| `(--[\w-]+)` \| ([^|]+) \|", table, re.MULTILINE):
        assert option in options("report")
        assert option in options("schedules", "add")
        for field in re.findall(r"`(\w+)`", fields):
            assert field in ReportRequestedData.model_fields


def test_every_cadence_stands_on_the_page_with_its_period() -> None:
    rows = dict(re.findall(r"^\| `--(\w+) [^`]+` \| [^|]+ \| `([\w-]+)`", PAGE, re.MULTILINE))

    assert rows == PERIODS
    assert {f"--{kind}" for kind in PERIODS} <= options("schedules", "add")


def test_the_numbers_and_reasons_on_the_page_are_the_programs() -> None:
    words = {3: "three"}
    for said in (
        f"the last {DEFAULT_PERIOD[:-1]} hours",
        f"the last {TREND_RUNS} runs of {TREND_BACK.days} days",
        f"looking back {FAILING_BACK.days} days",
        f"the names of {MOST_NAMES} failing and flaky tests",
        f"the newest {words[MOST_MISSED]}",
        f"`{NOTHING_TO_REPORT.reason}`",
        "`answered`",
    ):
        assert said.lower() in PAGE.lower().replace("\n", " ").replace("  ", " "), said
