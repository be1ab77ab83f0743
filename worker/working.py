"""A worker process that works: from its parts to the signal that ends it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Collection

import structlog
from dramatiq.worker import Worker

from worker.composition import WorkerParts
from worker.ground import Ground
from worker.process import stop_on_signals
from worker.watch import WorkerWatch

log = structlog.get_logger(__name__)

#: Milliseconds that idle threads sleep at most before they look whether they should stop.
WORKER_TIMEOUT = 500
#: Seconds a thread may keep Python from another. At the default of 5 ms an answer from a mail server often waits
#: longer for the interpreter than it took to come.
SWITCH_SECONDS = 0.0005


def run_worker(
    ground: Ground, broker_url: str, *, threads: int, queues: Collection[str] | None, health_port: int | None = None
) -> None:
    """Work until a signal comes or the parent is gone, then finish what is in hand.

    Raises:
        PortTaken: when the health port cannot be opened.
        TracesUnusable: when traces are asked for and cannot be made.
    """
    stopping = stop_on_signals()
    sys.setswitchinterval(SWITCH_SECONDS)
    watch = WorkerWatch(ground, broker_url, health_port)
    parts = WorkerParts(ground, broker_url, watch.tell)
    worker = Worker(
        parts.bells.broker,
        queues=set(queues) if queues else None,
        worker_timeout=WORKER_TIMEOUT,
        worker_threads=threads,
    )
    watch.start(parts, worker)
    parts.start()
    worker.start()
    # What is there now stays for as long as the process; the collector need not walk over it again and again.
    gc.freeze()
    log.info("worker_started", threads=threads, pid=os.getpid())
    while not stopping.wait(1.0):
        pass
    log.info("worker_stopping")
    seconds = ground.settings.stop_seconds
    worker.stop(timeout=round(seconds * 1000))
    parts.stop(seconds)
    watch.stop()
    parts.bells.broker.client.close()
    log.info("worker_stopped")
