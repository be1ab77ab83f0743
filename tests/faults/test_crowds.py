"""Many of everything at once: clocks that die, workers that are restarted, floods."""

from __future__ import annotations

import pytest

from tests.faults.crowds import flood, rolling_restarts, several_clocks
from tests.faults.system import System

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(300)]


def test_five_clocks_that_keep_dying_repeat_nothing(system: System) -> None:
    several_clocks(system, clocks=5, deaths=3, seed=1)

    system.rest("five clocks")


def test_rolling_restarts_under_load_lose_repeat_and_flag_nothing(system: System) -> None:
    rolling_restarts(system, times=8)

    tally = system.rest("rolling restarts")

    assert (tally.lost, tally.duplicated, tally.maybe_twice, tally.quarantined) == (0, 0, 0, 0)


def test_a_flood_of_alerts_is_sent_once_each(system: System) -> None:
    flood(system, events=1000, seconds=1.0)

    tally = system.rest("a flood")

    assert (tally.taken, tally.duplicated, tally.maybe_twice) == (1000, 0, 0)
