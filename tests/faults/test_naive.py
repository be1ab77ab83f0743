"""The naive orders of work on the same rig: what the promises cost those who do not make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.naive import ORDERS, run, run_ours
from tests.faults.system import System

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(300)]


@pytest.mark.parametrize("order", ORDERS)
def test_a_naive_order_loses_or_repeats_and_cannot_tell(order: str, tmp_path: Path) -> None:
    outcome = run(order, tmp_path / "run", seed=1, events=40, kills=4)

    print(outcome)
    if order == "record-then-send":
        assert outcome.duplicated == 0
    else:
        assert outcome.lost == 0


def test_runmail_under_the_same_kills_loses_and_repeats_nothing_unflagged(system: System) -> None:
    run_ours(system, seed=1, events=40, kills=4)
