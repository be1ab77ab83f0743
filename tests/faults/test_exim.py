"""Workers killed beside a real Exim: what it took is what the ledger says."""

from __future__ import annotations

import pytest

from tests.faults.exim_run import kill_beside_exim, note_taken
from tests.faults.system import System
from tests.rig.exim import Exim
from tests.rig.waiting import wait_until

pytestmark = [pytest.mark.real("redis"), pytest.mark.real("exim"), pytest.mark.timeout(300)]


def test_kills_beside_exim_lose_nothing_and_repeat_nothing_unflagged(system: System, exim: Exim) -> None:
    kill_beside_exim(system, exim, kills=5, seed=1)
    system.drain()

    def delivered() -> bool:
        # Exim answers when the mail is in its queue, and delivers it to the Maildir a moment later.
        note_taken(exim, system.sink.log)
        return system.count("exim", 0).good

    wait_until(delivered)
    print(system.count("kills beside Exim", 0))
