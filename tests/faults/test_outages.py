"""Redis and the database are taken away under load and come back: nothing is lost, and nobody has to mend anything."""

from __future__ import annotations

import secrets

import pytest

from tests.faults.conftest import Make
from tests.faults.lost_answers import lose_answers
from tests.faults.outages import (
    outages,
    postgresql_crashed,
    redis_emptied,
    redis_killed,
    redis_paused,
    sqlite_locked,
)
from tests.faults.system import System
from tests.rig.postgresql import PostgreSql

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    "outage", [redis_killed, redis_paused, redis_emptied, sqlite_locked], ids=lambda it: it.__name__
)
def test_an_outage_loses_nothing_and_quarantines_nothing(system: System, outage: object) -> None:
    outages(system, outage(system), times=2, seconds=1.0, seed=1)  # type: ignore[operator]

    tally = system.rest(outage.__name__)  # type: ignore[attr-defined]

    assert (tally.quarantined, tally.duplicated) == (0, 0)


@pytest.mark.real("postgresql")
def test_a_crashed_postgresql_quarantines_no_event(on_postgresql: System, postgresql: PostgreSql) -> None:
    outages(on_postgresql, postgresql_crashed(postgresql), times=2, seconds=1.0, seed=1)

    tally = on_postgresql.rest("postgresql_crashed")

    assert tally.quarantined == 0
    assert "Traceback" not in on_postgresql.logs()


@pytest.mark.real("postgresql")
def test_commits_whose_answers_are_lost_lose_repeat_and_flag_nothing(make: Make, postgresql: PostgreSql) -> None:
    system = make(database_url=postgresql.make(f"t{secrets.token_hex(6)}"))

    tally = lose_answers(system, postgresql.port, batches=10)

    assert tally.outages >= 5
    assert (tally.lost, tally.duplicated, tally.quarantined, tally.maybe_twice) == (0, 0, 0, 0), str(tally)
    assert "Traceback" not in system.logs()
