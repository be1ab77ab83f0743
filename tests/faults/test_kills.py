"""Processes killed at every named place: nothing is lost, nothing is there twice unflagged, the books balance."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.faults.kills import EVERYWHERE, Killing
from tests.faults.system import System

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(600)]


#: Every place is in one part; the parts are tests that run beside each other.
PARTS = [EVERYWHERE[number::4] for number in range(4)]


@pytest.mark.parametrize("places", PARTS, ids=range(len(PARTS)))
def test_a_kill_at_every_place_loses_nothing_and_leaves_no_secret_behind(system: System, places: Sequence[str]) -> None:
    Killing(system, seed=1).kill_at(places)

    tally = system.rest("kills on SQLite")
    assert tally.kills == len(places)
    assert "Traceback" not in system.logs()


@pytest.mark.real("postgresql")
@pytest.mark.parametrize("places", PARTS, ids=range(len(PARTS)))
def test_a_kill_at_every_place_loses_nothing_on_postgresql(on_postgresql: System, places: Sequence[str]) -> None:
    Killing(on_postgresql, seed=2).kill_at(places)

    on_postgresql.rest("kills on PostgreSQL")


def test_kills_at_moments_of_chance_lose_nothing(system: System) -> None:
    Killing(system, seed=3).kill_at_random(12)

    system.rest("random kills")
