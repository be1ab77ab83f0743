"""Metrics of a clock process: its lease, its sweeps and the backlog.

The backlog is shown by the clock that has the lease, so that it is counted once however many clocks run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from consumers.ledger.sweeping import Swept
from consumers.views.inbound_stand import read_inbound_stand
from consumers.views.waiting_now import WaitingNow, waiting_now
from worker.broker import QueueBroker
from worker.metrics import QUICK, new_registry
from worker.metrics_inbound import InboundMetrics
from worker.queue_backlog import Queue, read_queue

log = structlog.get_logger(__name__)

#: Seconds between two looks at the backlog.
BACKLOG_SECONDS = 5.0


class ClockMetrics:
    """Counts what one clock does, and shows the backlog it was told last."""

    def __init__(self) -> None:
        self.registry = new_registry()
        #: Whether this clock had the lease at its last tick.
        self.has_lease = False
        told: dict[str, Any] = {"registry": self.registry}
        self.lease = Gauge("runmail_clock_has_lease", "1 for the clock that works, 0 for those that wait.", **told)
        self.sweep_seconds = Histogram("runmail_sweep_seconds", "One sweep.", buckets=QUICK, **told)
        self.taken_back = Counter(
            "runmail_claims_taken_back", "Claims of lost workers: pending again, or maybe sent.", ["kind"], **told
        )
        self.failures = Counter("runmail_clock_failures", "Ticks that the database or the broker stopped.", **told)
        self.events = Gauge(
            "runmail_events_waiting", "Events that wait, by state; 10000 means so many or more.", ["state"], **told
        )
        self.deliveries = Gauge(
            "runmail_deliveries_waiting",
            "Deliveries that wait, by state; 10000 means so many or more.",
            ["state"],
            **told,
        )
        self.due_seconds = Gauge(
            "runmail_due_oldest_seconds", "How long the delivery that is due longest has been due.", **told
        )
        self.queue_messages = Gauge(
            "runmail_queue_messages", "Messages on a queue that no worker has fetched.", ["queue"], **told
        )
        self.queue_delayed = Gauge(
            "runmail_queue_delayed", "Messages on a queue that wait for their time.", ["queue"], **told
        )
        self.queue_oldest = Gauge(
            "runmail_queue_oldest_seconds", "How long the first message on a queue has waited.", ["queue"], **told
        )
        self.inbound = InboundMetrics(self.registry)
        for kind in ("pending", "maybe_sent"):
            self.taken_back.labels(kind)

    def ticked(self, swept: Swept | None, seconds: float) -> None:
        """Note a tick; `swept` is None when another clock has the lease."""
        self.has_lease = swept is not None
        self.lease.set(int(self.has_lease))
        if swept is None:
            self.forget_backlog()
            return
        self.sweep_seconds.observe(seconds)
        self.taken_back.labels("pending").inc(swept.taken_back)
        self.taken_back.labels("maybe_sent").inc(swept.uncertain)

    def stopped(self) -> None:
        """Note a tick that the database or the broker stopped."""
        self.failures.inc()

    def ledger(self, found: WaitingNow, now: int) -> None:
        """Show what waits in the ledger at `now` (milliseconds UTC)."""
        for state, count in found.events.items():
            self.events.labels(state).set(count)
        for state, count in found.deliveries.items():
            self.deliveries.labels(state).set(count)
        self.due_seconds.set(found.due_seconds(now))

    def queue(self, name: str, found: Queue) -> None:
        """Show what waits on a queue."""
        self.queue_messages.labels(name).set(found.messages)
        self.queue_delayed.labels(name).set(found.delayed)
        if found.oldest is not None:
            self.queue_oldest.labels(name).set(found.oldest)

    def forget_backlog(self) -> None:
        """Show no backlog: what is no longer looked at is not known."""
        for gauge in (self.events, self.deliveries, self.queue_messages, self.queue_delayed, self.queue_oldest):
            gauge.clear()
        self.due_seconds.set(0)
        self.inbound.forget()


class BacklogReader:
    """Looks at the backlog every few seconds, on a thread of its own: a slow look must not delay a sweep."""

    def __init__(
        self,
        engine: Engine,
        broker: QueueBroker,
        queues: Sequence[str],
        metrics: ClockMetrics,
        now: Callable[[], int],
    ) -> None:
        self._engine = engine.execution_options(reading=True)
        self._broker = broker
        self._queues = queues
        self._metrics = metrics
        self._now = now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backlog", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End the thread; one that hangs in a look ends with the process."""
        self._stopping.set()
        self._thread.join(seconds)

    def look(self) -> None:
        """Read the backlog once; what cannot be read keeps what was read last."""
        try:
            with self._engine.connect() as connection:
                now = self._now()
                self._metrics.ledger(waiting_now(connection, now), now)
                self._metrics.inbound.show(read_inbound_stand(connection, self._now()))
            for name in self._queues:
                self._metrics.queue(name, read_queue(self._broker, name, self._now()))
        except (SQLAlchemyError, RedisError) as error:
            log.warning("backlog_not_read", error=type(error).__name__)

    def _run(self) -> None:
        while not self._stopping.wait(BACKLOG_SECONDS):
            if self._metrics.has_lease:
                self.look()
