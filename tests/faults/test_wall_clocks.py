"""Wrong wall clocks: leases do not see them, and what they delay is late by no more than they are wrong."""

from __future__ import annotations

import pytest

from consumers.ledger.claiming import ClaimRequest, claim
from consumers.ledger.deciding import release
from consumers.ledger.sweeping import sweep
from profiles.profile import Limits
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until
from worker.ground import now_milliseconds

HOUR = 3_600_000


def claimable(spine: Spine, profile_id: int, now: int) -> int:
    """Return how many deliveries a worker whose clock says `now` would claim."""
    request = ClaimRequest(profile_id, "another", 10, 60.0, now, Limits())
    with spine.ground.engine.connect() as connection:
        count = len(claim(connection, [request])[0].deliveries)
        connection.rollback()
    return count


@pytest.mark.parametrize("step", [HOUR, -HOUR])
@pytest.mark.fault(verb="RCPT", kind="slow", seconds=6.0)
def test_a_host_whose_clock_is_wrong_takes_nothing_from_a_worker_that_lives(spine: Spine, step: int) -> None:
    profile = spine.profile()
    spine.work()
    spine.publish(run_finished())
    wait_until(lambda: "RCPT" in spine.server.verbs)
    now = now_milliseconds() + step

    with spine.ground.engine.begin() as connection:
        swept = sweep(connection, now)

    assert (swept.taken_back, swept.uncertain) == (0, 0)
    assert claimable(spine, profile.id, now) == 0
    assert [row["state"] for row in spine.deliveries()] == ["sending"]


def test_a_clock_that_is_behind_delays_by_no_more_than_it_is_wrong(spine: Spine) -> None:
    profile = spine.profile(enabled=False)
    spine.work()
    spine.publish(run_finished())
    (row,) = spine.settled(held=1)
    with spine.ground.engine.begin() as connection:
        release(connection, row["id"], now_milliseconds())

    assert claimable(spine, profile.id, now_milliseconds() - HOUR) == 0
    assert claimable(spine, profile.id, now_milliseconds()) == 1


def test_what_a_clock_that_is_ahead_has_put_off_is_late_by_no_more_than_it_is_wrong(spine: Spine) -> None:
    profile = spine.profile(enabled=False)
    spine.work()
    spine.publish(run_finished())
    (row,) = spine.settled(held=1)
    ahead = now_milliseconds() + HOUR
    with spine.ground.engine.begin() as connection:
        release(connection, row["id"], ahead)

    assert claimable(spine, profile.id, now_milliseconds()) == 0
    assert claimable(spine, profile.id, ahead) == 1
