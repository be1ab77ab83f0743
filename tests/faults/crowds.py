"""Many of everything at once: clocks, sweeps, alerts, restarts."""

from __future__ import annotations

import random
import signal
import time

from tests.faults.inputs import alert, batch
from tests.faults.system import System

#: Events published before each restart or each death of a clock.
BATCH = 15


def several_clocks(system: System, clocks: int, deaths: int, seed: int) -> None:
    """Run several clocks beside two workers, one of which keeps dying, and kill the clocks too."""
    chance = random.Random(seed)
    system.profile()
    running = [system.clock() for _ in range(clocks)]
    workers = [system.worker(), system.worker()]
    for number in range(deaths):
        system.publish(batch(f"clocks-{number}", BATCH))
        time.sleep(chance.uniform(0.1, 0.5))
        workers[0].kill()
        index = chance.randrange(clocks)
        running[index].kill()
        system.kills += 2
        workers[0], running[index] = system.worker(), system.clock()


def rolling_restarts(system: System, times: int) -> None:
    """Restart the workers in turn by SIGTERM, twice each time, while events keep coming."""
    system.profile()
    system.clock()
    workers = [system.worker(), system.worker()]
    for number in range(times):
        system.publish(batch(f"rolling-{number}", BATCH))
        system.wait_recorded(number * BATCH + 1)
        old, workers[number % 2] = workers[number % 2], system.worker()
        old.send_signal(signal.SIGTERM)
        old.send_signal(signal.SIGTERM)
        assert old.wait(60) == 0, f"a worker told to end ended with {old.poll()}"


def flood(system: System, events: int, seconds: float) -> float:
    """Publish alerts evenly over some seconds; return the seconds that it took."""
    system.profile()
    system.clock()
    for _ in range(2):
        system.worker()
    began = time.monotonic()
    rounds = 20
    for number in range(rounds):
        system.publish(alert(f"flood-{number}-{n}") for n in range(events // rounds))
        time.sleep(max(0.0, began + seconds * (number + 1) / rounds - time.monotonic()))
    return time.monotonic() - began
