"""A disk that fills up under a working system and gets room again."""

from __future__ import annotations

from pathlib import Path

from tests.faults.inputs import batch
from tests.faults.system import System
from tests.rig.small_disk import filled
from tests.rig.waiting import wait_until


def fill_while_working(system: System, disk: Path, times: int) -> None:
    """Fill the disk of the database under load, `times` times."""
    system.profile()
    system.worker()
    system.clock()
    wait_until(lambda: "worker_started" in system.logs())
    for number in range(times):
        system.publish(batch(f"room-{number}", 20))
        with filled(disk):
            system.publish(batch(f"full-{number}", 20))
            wait_until(lambda: "ledger_away" in system.logs())
        system.outages += 1
