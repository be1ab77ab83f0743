"""Kills at named places: workers and clocks die where it hurts, one after the other, while events keep coming."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Sequence
from typing import Any

from profiles.profile import ImapSettings, Limits, Security
from tests.faults.inputs import REFUSED, alert, batch
from tests.faults.system import USER, System
from tests.rig.forked import Forked
from tests.rig.programs import free_ports
from tests.rig.waiting import wait_until
from worker.kill_points import ON_ITS_WAY

#: Commits of a worker's ledger writer that an ordinary stream of events passes, and those it passes after a kill.
COMMITS = ("record", "store_plans", "claim", "reach_data", "settle")
#: Those that it passes once for each connection, and while connections are kept.
CONNECTING = ("enter", "opened", "renew")
#: Steps that are passed only when something is wrong: garbage on the queue, an event whose planner died, a server
#: that asks to be written to more slowly, a lost answer to a mail that can be looked for.
RARE = ("quarantine", "start_planning", "slow_downs", "begin_looks", "end_looks")
#: Verbs of a connection, and of a mail.
OPENING_VERBS = ("greeting", "EHLO", "AUTH")
VERBS = ("MAIL", "RCPT", "DATA", "DOT")
#: Places passed while a worker ends in good order.
ENDING = (
    *(f"{when}:{step}" for step in ("give_back", "leave") for when in ("before", "inside", "after")),
    *("before:QUIT", "after:QUIT"),
)

AT_CONNECTING = (
    *(f"{when}:{step}" for step in CONNECTING for when in ("before", "inside", "after")),
    *(f"{when}:{verb}" for verb in OPENING_VERBS for when in ("before", "after")),
)
AT_WORK = (
    *(f"{when}:{step}" for step in COMMITS for when in ("before", "inside", "after")),
    *(f"{when}:{verb}" for verb in VERBS for when in ("before", "after")),
    "before:RSET",
    "after:RSET",
    "sent:DOT",
    *(f"{when}:{place}" for place in ("ring", "ack") for when in ("before", "after")),
)
AT_RARE_WORK = tuple(f"{when}:{step}" for step in RARE for when in ("before", "inside", "after"))
# What takes longest to recover from comes first: a server that is written to slowly. A clock that died keeps its lease
# for some seconds, so the kills of clocks lie apart.
EVERYWHERE = (
    *AT_RARE_WORK,
    "clock before:ring",
    *AT_CONNECTING,
    "clock after:ring",
    *AT_WORK,
    "clock before:clock",
    *ENDING,
    "clock after:clock",
)

#: Seconds in which an armed process must come to its place.
REACH_SECONDS = 90.0
#: Events published at a time while a place is waited for, and what may be waiting of them before more are.
BATCH = 3
MOST_WAITING = 6
#: Seconds between two mails for which something goes wrong.
RARE_SECONDS = 1.0
#: Seconds between two looks whether a process has come to its place, and between two times that it is given work.
FEED_SECONDS = 0.1
#: Seconds that a server takes for a mail which is to hold the one connection of its profile until the worker ends, and
#: mails that it is given.
HELD_SECONDS, HELD_MAILS = 0.5, 8
MAIN = "QA alerts"
#: A profile whose server asks to be written to more slowly, and one with a mailbox, whose server loses answers.
SLOW_SERVER = "Slow server"
WITH_MAILBOX = "With mailbox"


class Killing:
    """Runs a system whose processes die at one place after the other."""

    def __init__(self, system: System, seed: int) -> None:
        self._system = system
        self._chance = random.Random(seed)
        self._number = 0
        self._rare_at = 0.0
        self._opened: set[str] = set()
        self._bells = system.bells()
        system.profile()
        system.profile(SLOW_SERVER, server="slow")
        # Nobody listens there: each look is counted and comes to no end.
        imap = ImapSettings("127.0.0.1", free_ports(1)[0], Security.NONE, USER)
        system.profile(WITH_MAILBOX, server="forgetful", imap=imap)
        # Who sends the final dot must wait a little, so that a process can die between the dot and its answer.
        system.sink.fault("DOT", "slow", seconds=ON_ITS_WAY * 2, recipient="slow@example.com")
        system.sink.fault("RCPT", "5xx", code=550, text="5.1.1 no such user", recipient=REFUSED)

    def kill_at(self, places: Sequence[str]) -> None:
        """Let a process die at each place in turn."""
        clock = self._system.clock()
        for place in places:
            if place.startswith("clock "):
                clock.terminate()
                clock.wait(REACH_SECONDS)
                self._kill_clock(place.removeprefix("clock "))
                clock = self._system.clock()
            elif place in ENDING:
                self._kill_while_ending(place)
            else:
                self._kill_worker(place)
        self._system.worker()

    def kill_at_random(self, times: int) -> None:
        """Kill one of two workers at a moment of chance, once they have sent something since the last kill."""
        workers = [self._system.worker(), self._system.worker()]
        self._system.clock()
        for _ in range(times):
            before = self._system.sink.taken()
            self._feed(times=2)
            self._system.wait_taken(before + 1)
            time.sleep(self._chance.uniform(0.0, 0.1))
            index = self._chance.randrange(2)
            workers[index].kill()
            self._system.kills += 1
            workers[index] = self._system.worker()

    def _kill_worker(self, place: str) -> None:
        profile = self._profile_for(place) if place in AT_CONNECTING else MAIN
        # A process opens few connections, and has few slow mails and few that something is wrong with.
        once = place in (*AT_CONNECTING, *AT_RARE_WORK, "sent:DOT")
        passing = 1 if once else self._chance.randint(1, 3)
        self._feed(profile)
        worker = self._system.worker(kill=f"{place}:{passing}")
        began = time.monotonic()
        while not worker.ends_within(FEED_SECONDS):
            self._feed(profile, slow=place == "sent:DOT")
            if place.split(":")[1] in RARE:
                self._feed_rare(place)
            assert time.monotonic() - began < REACH_SECONDS, f"no worker came to {place}"
        self._died(worker, place)

    def _kill_clock(self, place: str) -> None:
        if place.endswith("ring"):
            self._leave_due()
        clock = self._system.clock(kill=f"{place}:{self._chance.randint(1, 2)}")
        began = time.monotonic()
        while not clock.ends_within(0.1):
            assert time.monotonic() - began < REACH_SECONDS, f"no clock came to {place}"
        self._died(clock, place)

    def _kill_while_ending(self, place: str) -> None:
        """End a worker in good order under load; it may come to its end without passing the place: then once more."""
        began = time.monotonic()
        while not (worker := self._end_under_load(place)).poll():
            assert time.monotonic() - began < REACH_SECONDS, f"no worker came to {place}"
        self._died(worker, place)

    def _end_under_load(self, place: str) -> Forked:
        worker = self._system.worker(kill=f"{place}:1")
        before = self._system.sink.taken()
        self._publish(MAIN)
        held = self._hold_one_connection(place) if "give_back" in place else None
        wait_until(lambda: self._system.sink.taken() > before or worker.poll() is not None)
        worker.send_signal(signal.SIGTERM)
        assert worker.ends_within(REACH_SECONDS), f"the worker armed for {place} did not end"
        if held:
            self._system.sink.clear(held)
        return worker

    def _hold_one_connection(self, place: str) -> str:
        """Have something claimed that is not begun when the end comes, because the one connection there is is busy."""
        held = self._profile_for(place, limits=Limits(connections=1))
        self._system.sink.fault("DOT", "slow", name=held, seconds=HELD_SECONDS)
        self._system.publish(alert(f"held-{self._number}-{number}", profile=held) for number in range(HELD_MAILS))
        return held

    def _died(self, process: Forked, place: str) -> None:
        assert process.poll() == -signal.SIGKILL, f"the process armed for {place} ended with {process.poll()}"
        self._system.kills += 1
        self._system.check_books()

    def _leave_due(self) -> None:
        """Have a worker claim what was published, die, and its lease end: now the clock has to ring."""
        self._publish(MAIN)
        worker = self._system.worker(kill="after:claim:1")
        assert worker.ends_within(REACH_SECONDS), "the worker that was to leave mails behind claimed none"
        self._system.end_leases()

    def _profile_for(self, place: str, **changes: Any) -> str:
        """Return a profile of a place's own, with a server of its own.

        A process that dies on the way to a connection counts as opening one for some seconds, in which few others of
        its profile may.
        """
        name = place.replace(":", " ")
        if name not in self._opened:
            self._opened.add(name)
            self._system.profile(name, server=name, **changes)
        return name

    def _feed(self, profile: str = MAIN, times: int = 1, *, slow: bool = False) -> None:
        """Publish, unless nobody has come to what was published before; the other profiles are slow on purpose."""
        for _ in range(times if self._system.waiting(profile) < MOST_WAITING else 0):
            self._publish(profile, slow=slow)

    def _publish(self, profile: str, *, slow: bool = False) -> None:
        self._number += 1
        more = [alert(f"slow-{self._number}", "slow@example.com", profile=profile)] if slow else []
        self._system.publish([*batch(f"e{self._number}", BATCH, profile=profile), *more])

    def _feed_rare(self, place: str) -> None:
        """Make what passes the rare places."""
        self._number += 1
        if "quarantine" in place:
            self._system.push(f"garbage {self._number}".encode())
        elif "start_planning" in place:
            self._bells.plan.send([1])
        elif time.monotonic() < self._rare_at:
            # Mails for which something goes wrong take long to come to their end: a few will do.
            return
        elif "slow_downs" in place:
            self._system.sink.fault(
                "RCPT", "4xx", name="slow", code=450, text=f"4.7.0 too fast {self._number}", times=1
            )
            self._system.publish([alert(f"hurried-{self._number}", profile=SLOW_SERVER)])
            self._rare_at = time.monotonic() + RARE_SECONDS
        else:
            text = f"4.3.0 lost {self._number}"
            self._system.sink.fault("DOT", "drop", name="forgetful", text=text, times=1, taken=True)
            self._system.publish([alert(f"looked-for-{self._number}", profile=WITH_MAILBOX)])
            self._system.look()
            self._rare_at = time.monotonic() + RARE_SECONDS


def one_of_each(kills: int, seed: int) -> list[str]:
    """Return `kills` places in an order of chance, every one as often as the others."""
    chance = random.Random(seed)
    rounds = -(-kills // len(EVERYWHERE))
    return [place for _ in range(rounds) for place in chance.sample(EVERYWHERE, len(EVERYWHERE))][:kills]
