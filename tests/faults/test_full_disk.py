"""A full disk stops nothing for ever and loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Make
from tests.faults.full_disk import fill_while_working
from tests.rig.small_disk import small_disk

pytestmark = [pytest.mark.real("redis"), pytest.mark.real("tmpfs"), pytest.mark.timeout(300)]


def test_a_database_on_a_full_disk_goes_on_when_there_is_room(make: Make, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        system = make(database_url=f"sqlite:///{disk / 'runmail.sqlite3'}")
        fill_while_working(system, disk, times=1)

        tally = system.rest("a full disk")

        assert tally.quarantined == 0
        system.end()
