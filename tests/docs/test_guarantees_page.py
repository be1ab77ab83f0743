"""The page of guarantees is true: every test it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "guarantees.md").read_text("utf-8")


def test_every_promise_names_files_that_exist() -> None:
    promises = re.findall(r"^\| (\d+)\. .*\| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert len(promises) >= 9
    for number, shown_by in promises:
        files = re.findall(r"`([\w/]+\.py)`", shown_by)
        assert files, number
        for file in files:
            assert (ROOT / file).is_file(), f"{number}: {file}"


def test_every_kind_of_difference_is_explained() -> None:
    for words in ("lost", "of them unflagged", "duplicated", "not in the ledger"):
        assert f"| {words} |" in PAGE
