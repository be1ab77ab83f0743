"""`runmail up`: everything on one machine, with one command and one Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable

from worker.embedded_redis import EmbeddedRedis
from worker.ground import Ground
from worker.process import Processes, health_option, own_command, stop_on_signals
from worker.state import prepare, state_folder

#: Seconds the processes get beyond what they give the mails in flight.
STOP_MARGIN = 10.0


def run_up(ground: Ground, processes: int, say: Callable[[str], None], *, web: bool = True) -> None:
    """Run workers, a clock and the page, on an embedded Redis unless one is set, until SIGTERM or Ctrl-C."""
    stopping = stop_on_signals()
    embedded = None
    if ground.settings.broker_url is None:
        embedded = EmbeddedRedis(prepare(state_folder(ground.settings)))
        broker = embedded.start()
        say(f"Broker: {broker.kind} on this machine{', taken over' if broker.taken_over else ''}.")
    if not ground.profiles.all():
        say("No email profiles configured: `runmail profiles new` makes the first.")
    workers_said = f"{processes} worker{'s' if processes > 1 else ''}"
    say(f"Running {workers_said}{', a clock and the page' if web else ' and a clock'}. Ctrl-C ends them.")
    ground.engine.dispose()

    def tend_broker() -> None:
        if embedded is not None and embedded.tend(time.monotonic()):
            say("Broker: it died and was started again.")

    port = ground.settings.health_port
    workers = [own_command("worker", "--processes", "1", *health_option(port, index)) for index in range(processes)]
    clock = own_command("clock", *health_option(port, processes))
    page = [own_command("web")] if web else []
    try:
        Processes([*workers, clock, *page]).run(stopping, ground.settings.stop_seconds + STOP_MARGIN, tend_broker)
    finally:
        if embedded is not None:
            embedded.stop()
    say("Ended.")
