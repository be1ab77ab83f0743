"""The page on replies is true: its tables name every outcome, reason, fault and verdict, and files that exist."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from consumers.inbound.authority import Refusal
from consumers.inbound.automatic.wishes import Withheld
from consumers.inbound.reading.authentication_results import Dmarc
from consumers.inbound.reading.commands import Command, CommandFault, CommandName, read_command
from consumers.inbound.reading.outcome import BounceReason, Outcome
from consumers.inbound.reading.sender import SenderFault

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "replies.md").read_text("utf-8")


def rows(heading: str) -> list[str]:
    """Return the first cells of the table below a line of headings."""
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()[2:]]


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("outcome", Outcome),
        ("refusal", Refusal),
        ("reason", BounceReason),
        ("from_fault", SenderFault),
        ("dmarc", Dmarc),
    ],
)
def test_a_table_names_each_once_and_nothing_else(heading: str, names: type[StrEnum]) -> None:
    assert sorted(rows(heading)) == sorted(f"`{name}`" for name in names)


def test_every_reason_for_no_automatic_answer_is_named() -> None:
    source = (ROOT / "consumers" / "inbound" / "reading" / "unanswerable.py").read_text("utf-8")
    clues = re.findall(r'return "(\w+)"(?: if|$)', source, re.MULTILINE)

    assert sorted(rows("withheld")) == sorted(f"`{name}`" for name in (*Withheld, *clues))


def test_each_command_of_the_page_is_one_and_all_are_there() -> None:
    shown = [line for cell in rows("line") for line in re.findall(r"`([^`]+)`", cell)]
    read = [read_command(line) for line in shown]

    assert all(isinstance(command, Command) for command in read)
    assert {command.name for command in read if isinstance(command, Command)} == set(CommandName)
    assert read_command("ack, thanks") is None
    assert all(f"`{fault}`" in PAGE for fault in CommandFault)


def test_every_table_that_can_be_extended_exists() -> None:
    files = rows("what is not known")
    names = re.findall(r"\| `(\w+\.py)` \|", PAGE)

    assert len(names) == len(files) > 5
    assert all((ROOT / "consumers" / "inbound" / "reading" / name).is_file() for name in names)
