"""A clock process that ticks: from its parts to the signal that ends it."""

from __future__ import annotations

import os
import secrets
import socket

from worker.clock import Clock
from worker.composition import declare_actors, make_broker
from worker.ground import Ground
from worker.kill_points import point_commits, read_point
from worker.mailbox_clock import MailboxClock
from worker.process import stop_on_signals
from worker.state import state_folder
from worker.watch import ClockWatch


def run_clock(ground: Ground, broker_url: str, *, health_port: int | None = None) -> None:
    """Tick until a signal comes or the parent is gone.

    Raises:
        PortTaken: when the health port cannot be opened.
        TracesUnusable: when traces are asked for and cannot be made.
    """
    point = read_point(os.environ, state_folder(ground.settings))
    if point:
        point_commits(ground.engine, point)
    broker = make_broker(broker_url, point, ground.settings.lease_seconds)
    stopping = stop_on_signals()
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    bells = declare_actors(broker)
    watch = ClockWatch(ground, broker_url, bells, health_port)
    clock = Clock(
        ground.engine,
        bells,
        owner=owner,
        sweep_seconds=ground.settings.sweep_seconds,
        metrics=watch.metrics,
        mailboxes=MailboxClock(ground, bells),
    )
    watch.start(clock)
    clock.run(stopping)
    watch.stop()
    broker.client.close()
