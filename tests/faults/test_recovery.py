"""After a kill, work resumes within the lease and five seconds on an idle system, whatever the dead one held."""

from __future__ import annotations

import time

import pytest

from consumers.ledger.lease import PLANNING_LEASE_SECONDS
from consumers.ledger.server_log import read_taken_mail
from tests.faults.inputs import alert
from tests.faults.system import LEASE_SECONDS, System
from worker.broker import HEARTBEAT_TIMEOUT
from worker.clock import TAKE_BACK_SECONDS

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(300)]

#: What a killed worker held at a place, and the seconds it may take until somebody else has it: each is below the
#: default lease of 60 s.
HELD = {
    "before:record": HEARTBEAT_TIMEOUT / 1000 + TAKE_BACK_SECONDS,
    "after:record": PLANNING_LEASE_SECONDS,
    "after:claim": LEASE_SECONDS,
    "before:MAIL": LEASE_SECONDS,
    "before:DATA": LEASE_SECONDS,
}
#: Seconds of the promise beyond the lease, and those a busy machine may add to starting a process.
PROMISED = 5.0
BUSY = 20.0


def test_what_a_killed_worker_held_is_taken_up_in_time(system: System) -> None:
    died_at = {}
    for place in HELD:
        profile = place.replace(":", " ")
        system.profile(profile, server=profile)
        worker = system.worker(kill=f"{place}:1")
        system.publish([alert(place, profile=profile)])
        assert worker.ends_within(60)
        died_at[place] = time.time()
    system.worker()
    system.clock()

    system.rest("recovery")

    taken = {mail.event: mail.at / 1000 for mail in map(read_taken_mail, system.sink.log.read_text().splitlines())}
    waited = {place: taken[place] - died for place, died in died_at.items()}
    print({place: round(seconds, 1) for place, seconds in waited.items()})
    assert {place: seconds for place, seconds in waited.items() if seconds > HELD[place] + PROMISED + BUSY} == {}
