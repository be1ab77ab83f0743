"""The clock: the one process that looks for work that is due and that nobody is doing, and rings for it.

Several clocks may run; a lease in the database lets one of them work. It sends nothing and knows no mail server.
"""

from __future__ import annotations

import threading
import time

import structlog
from dramatiq.errors import ConnectionClosed
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from consumers.ledger.clock_lease import drop_lease, take_lease
from consumers.ledger.outgoing import is_waiting
from consumers.ledger.overdue import tell_overdue
from consumers.ledger.sweeping import Swept, sweep
from consumers.reports.firing import fire_due
from worker.composition import Bells
from worker.ground import now_milliseconds
from worker.mailbox_clock import MailboxClock
from worker.metrics_clock import ClockMetrics
from worker.queues import EVENTS, QUEUES, WORKFLOWS

log = structlog.get_logger(__name__)

LEASE = "clock"
#: Seconds the lease outlives its last renewal; what a second clock waits when the first is killed.
LEASE_SECONDS = 4.0
#: Seconds between looks for messages that dead workers had fetched.
TAKE_BACK_SECONDS = 5.0
#: Milliseconds a run may be overdue while events wait on the queue: its end may be among them.
MOST_BACKLOG = 15 * 60_000
#: Events of one bell.
EVENTS_PER_BELL = 100


class Clock:
    """Runs sweeps until stopped. `owner` tells this clock from others."""

    def __init__(
        self,
        engine: Engine,
        bells: Bells,
        *,
        owner: str,
        sweep_seconds: float,
        metrics: ClockMetrics | None = None,
        mailboxes: MailboxClock | None = None,
    ) -> None:
        self._engine = engine
        self._bells = bells
        self._owner = owner
        self._sweep_seconds = sweep_seconds
        self._has_lease = False
        self._metrics = metrics or ClockMetrics()
        self._mailboxes = mailboxes
        self._looped_at = time.monotonic()

    def quiet_seconds(self) -> float:
        """Return how long ago the last tick began."""
        return time.monotonic() - self._looped_at

    def run(self, stopping: threading.Event) -> None:
        """Tick until `stopping`; a database or broker that is away is waited for."""
        ticks = max(1, round(TAKE_BACK_SECONDS / self._sweep_seconds))
        count = 0
        while not stopping.is_set():
            self._looped_at = time.monotonic()
            try:
                swept = self.tick(take_back=count % ticks == 0)
                self._metrics.ticked(swept, time.monotonic() - self._looped_at)
            except (SQLAlchemyError, RedisError, ConnectionClosed) as error:
                self._metrics.stopped()
                log.warning("clock_cannot_work", error=type(error).__name__)
            count += 1
            stopping.wait(self._sweep_seconds)
        if self._mailboxes:
            self._mailboxes.rest()
        self._give_up_lease()

    def tick(self, *, take_back: bool) -> Swept | None:
        """Sweep once and ring for what was found; None while another clock has the lease."""
        with self._engine.begin() as connection:
            has_lease = take_lease(connection, LEASE, self._owner, LEASE_SECONDS + self._sweep_seconds)
        if has_lease != self._has_lease:
            self._has_lease = has_lease
            log.info("clock_has_lease" if has_lease else "clock_waits_for_lease")
        if not has_lease:
            if self._mailboxes:
                self._mailboxes.rest()
            return None
        with self._engine.begin() as connection:
            swept = sweep(connection, now_milliseconds())
        if swept.taken_back or swept.uncertain:
            log.warning("claims_taken_back", pending=swept.taken_back, maybe_sent=swept.uncertain)
        if swept.handed_over:
            log.warning("handed_to_failover", deliveries=swept.handed_over)
        for begin in range(0, len(swept.unplanned), EVENTS_PER_BELL):
            self._bells.plan.send(list(swept.unplanned[begin : begin + EVENTS_PER_BELL]))
        for profile_id in swept.due_profiles:
            self._bells.deliver.send(profile_id)
        for profile_id in swept.to_look:
            self._bells.look.send(profile_id)
        requests = fire_due(self._engine, now_milliseconds())
        if requests:
            self._bells.plan.send(requests)
        self._tell_overdue()
        if self._mailboxes:
            self._mailboxes.tick()
        self._ring_for_outgoing()
        if take_back:
            self._bells.broker.take_back_lost(QUEUES)
        return swept

    def _tell_overdue(self) -> None:
        """State the ends that runs did not report in time, and ring for them."""
        waiting = self._bells.broker.do_qsize(EVENTS)
        now = now_milliseconds()
        with self._engine.begin() as connection:
            looked = tell_overdue(connection, due_before=now - (MOST_BACKLOG if waiting else 0), now=now)
        for row_id in looked.unreadable:
            log.error("started_run_unreadable", row=row_id)
        if looked.stated:
            log.info("runs_overdue", rows=looked.stated)
            self._bells.plan.send(list(looked.stated))

    def _ring_for_outgoing(self) -> None:
        """Ring for outgoing events, unless a bell hangs there already: where no worker hears it, one is enough."""
        with self._engine.execution_options(reading=True).connect() as connection:
            waiting = is_waiting(connection, now_milliseconds())
        if waiting and self._bells.broker.do_qsize(WORKFLOWS) == 0:
            self._bells.herald.send()

    def _give_up_lease(self) -> None:
        if not self._has_lease:
            return
        try:
            with self._engine.begin() as connection:
                drop_lease(connection, LEASE, self._owner)
        except SQLAlchemyError as error:
            log.warning("clock_lease_not_dropped", error=type(error).__name__)
