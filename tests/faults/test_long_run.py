"""The long run goes on where it was ended, and stops at the first step that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.figures import table
from tests.faults.long_run import STEPS, main

done: list[str] = []


def first(folder: Path, seed: int) -> Iterator[object]:
    """Be the first."""
    done.append(f"first {seed}")
    yield "first: published=1 kills=3"


def second(folder: Path, seed: int) -> Iterator[object]:
    """Be the second, which fails as long as a file says so."""
    done.append("second")
    assert not (folder.parent / "broken").exists(), "broken"
    yield "second: published=1 kills=4"


def test_what_is_done_is_not_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken").touch()
    arguments = ["--folder", str(tmp_path), "--seed", "7"]

    assert main((first, second), arguments) == 1
    (tmp_path / "broken").unlink()
    assert main((first, second), arguments[:2]) == 0
    assert done == ["first 7", "second", "second"]
    assert main((first, second), arguments[:2]) == 0
    assert main((first, second), [*arguments[:2], "--step", "first"]) == 0
    assert done[3:] == ["first 7"]
    said = capsys.readouterr().out
    assert "WRONG in second, seed 7: broken" in said
    assert "7 kills in 0 minutes, seed 7" in said


def test_the_figures_are_a_table_with_the_naive_orders_beside_ours() -> None:
    found = table(
        [
            "kills: published=9 taken=9 lost=0 duplicated=1 unflagged=0 maybe_twice=2 kills=3 seconds_to_drain=1.5",
            "send-then-ack: accepted=9 kills=3 taken=11 lost=0 duplicated=2 unflagged=2",
            "planted secrets found: 0",
        ]
    )

    assert "| kills | 3 |  | 9 | 9 | 0 | 1 | 0 | 2 |  |  | 1.5 |" in found
    assert "| send-then-ack | 3 |  | 9 | 11 | 0 | 2 | 2 |  |  |  |  |" in found
    assert found.endswith("- planted secrets found: 0")


def test_every_step_says_in_a_line_what_it_does() -> None:
    assert all(step.__doc__ and "\n" not in step.__doc__ for step in STEPS)
