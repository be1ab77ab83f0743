"""After a kill, work resumes within the lease and five seconds on an idle system, whatever the dead one held."""

from __future__ import annotations

import time

import pytest

from consumers.ledger.server_log import read_taken_mail
from profiles.profile import Limits
from tests.faults.inputs import alert
from tests.faults.system import LEASE_SECONDS, System

pytestmark = [pytest.mark.real("redis"), pytest.mark.timeout(300)]

#: Where a worker is killed: it holds queue messages, events that it is to plan, deliveries.
PLACES = ("before:record", "after:record", "after:claim", "before:MAIL", "before:DATA")
#: Seconds of the promise beyond the lease, and those a busy machine may add.
PROMISED = 5.0
BUSY = 10.0


def test_what_a_killed_worker_held_is_taken_up_in_time(system: System) -> None:
    for place in PLACES:
        profile = place.replace(":", " ")
        system.profile(profile, server=profile)
        worker = system.worker(kill=f"{place}:1")
        system.publish([alert(place, profile=profile)])
        assert worker.ends_within(60)
    died_at = time.time()
    system.worker()
    system.clock()

    system.rest("recovery")

    taken = {mail.event: mail.at / 1000 for mail in map(read_taken_mail, system.sink.log.read_text().splitlines())}
    waited = {place: taken[place] - died_at for place in PLACES}
    print({place: round(seconds, 1) for place, seconds in waited.items()})
    assert {place: seconds for place, seconds in waited.items() if seconds > LEASE_SECONDS + PROMISED + BUSY} == {}


def test_what_was_begun_before_is_sent_over_the_one_connection_that_idles(system: System) -> None:
    system.profile(limits=Limits(connections=1))
    system.clock()
    dying = system.worker(kill="after:claim:1")
    system.publish(alert(f"begun-{number}") for number in range(3))
    assert dying.ends_within(60)
    system.worker()
    system.publish([alert("new")])

    tally = system.rest("one connection")

    assert (tally.taken, system.sink.facts()["connections"]) == (4, 1)
