"""Processes killed at every named place: nothing is lost, nothing is there twice unflagged, the books balance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.kills import EVERYWHERE, Killing
from tests.faults.system import System

pytestmark = pytest.mark.real("redis")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    built = System(tmp_path)
    yield built
    built.end()


@pytest.mark.timeout(300)
def test_two_kills_at_every_place_lose_nothing_and_repeat_nothing_unflagged(system: System) -> None:
    Killing(system, seed=1).kill_at(EVERYWHERE * 2)

    tally = system.rest("kills on SQLite")

    assert tally.kills == 2 * len(EVERYWHERE)
