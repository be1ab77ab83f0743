"""Processes killed at every named place: nothing is lost, nothing is there twice unflagged, the books balance."""

from __future__ import annotations

import pytest

from tests.faults.kills import EVERYWHERE, Killing
from tests.faults.system import System

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(600)]


def test_a_kill_at_every_place_loses_nothing_and_leaves_no_secret_behind(system: System) -> None:
    Killing(system, seed=1).kill_at(EVERYWHERE)

    tally = system.rest("kills on SQLite")
    assert tally.kills == len(EVERYWHERE)
    assert "Traceback" not in system.logs()


@pytest.mark.real("postgresql")
def test_a_kill_at_every_place_loses_nothing_on_postgresql(on_postgresql: System) -> None:
    Killing(on_postgresql, seed=2).kill_at(EVERYWHERE)

    on_postgresql.rest("kills on PostgreSQL")


def test_kills_at_moments_of_chance_lose_nothing(system: System) -> None:
    Killing(system, seed=3).kill_at_random(12)

    system.rest("random kills")
