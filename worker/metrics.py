"""Metrics of a worker process, from the facts that the path of an event tells.

A registry of our own: nothing global, nothing on disk, one per process. Labels are names of states, reasons and
profiles, of which there are few; never a recipient, a suite or an event. docs/observing.md lists every metric.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from consumers.facts import (
    AttemptEnded,
    EventPlanned,
    EventRecorded,
    EventRefused,
    Fact,
    GroupCommitted,
    LedgerLost,
    TemplateFailed,
)
from consumers.ledger.recording import RecordOutcome
from consumers.ledger.states import EventState

#: Seconds from publish to recorded and of a sweep: milliseconds when all is well, minutes when something is away.
QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800)
#: Seconds from planned to taken: a retry waits 10 s to 30 min, and the last is given up after three days.
TO_TAKEN = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)
#: Seconds of one attempt: a relay nearby answers within milliseconds; 45 s is the default limit.
ATTEMPT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45, 90)
#: Seconds of a commit: a disk flush takes one to fifty milliseconds.
COMMIT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 20)
#: Items of one commit, up to the largest group.
GROUP = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def new_registry() -> CollectorRegistry:
    """Make a registry with what is the same for every process: the build and the use of the machine."""
    # Without this every counter is shown twice, the second time as the moment it was made.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    build = Gauge("runmail_build", "The program that runs; always 1.", ["version", "python"], registry=registry)
    build.labels(_version(), platform.python_version()).set(1)
    return registry


def exposed(registry: CollectorRegistry) -> bytes:
    """Return all metrics in Prometheus' text format 0.0.4."""
    return generate_latest(registry)


def _version() -> str:
    try:
        return version("runmail")
    except PackageNotFoundError:
        return "unknown"


class WorkerMetrics:
    """Counts the facts of one worker process."""

    def __init__(self) -> None:
        self.registry = new_registry()
        told: dict[str, Any] = {"registry": self.registry}
        self.events = Counter(
            "runmail_events_recorded", "Events recorded: new, repeat or conflicting.", ["outcome"], **told
        )
        self.planned = Counter("runmail_events_planned", "Events whose plan is decided, by state.", ["state"], **told)
        self.quarantined = Counter(
            "runmail_events_quarantined", "Events and bytes that went to quarantine.", ["reason"], **told
        )
        self.to_recorded = Histogram(
            "runmail_publish_to_recorded_seconds",
            "From publish, by the publisher's clock, to recorded, for new events.",
            buckets=QUICK,
            **told,
        )
        self.attempts = Counter(
            "runmail_attempts", "Attempts by outcome and reason.", ["profile", "outcome", "reason"], **told
        )
        self.settled = Counter(
            "runmail_deliveries_settled", "States that attempts brought deliveries to.", ["profile", "state"], **told
        )
        self.attempt_seconds = Histogram(
            "runmail_attempt_seconds",
            "One attempt, from its begin to the server's answer.",
            ["outcome"],
            buckets=ATTEMPT,
            **told,
        )
        self.to_taken = Histogram(
            "runmail_planned_to_taken_seconds",
            "From planned to the server's 250, for deliveries that were sent.",
            buckets=TO_TAKEN,
            **told,
        )
        self.group_items = Histogram("runmail_ledger_group_items", "Writes of one commit.", buckets=GROUP, **told)
        self.commit_seconds = Histogram(
            "runmail_ledger_commit_seconds", "One commit of the ledger, from its begin.", buckets=COMMIT, **told
        )
        self.ledger_lost = Counter(
            "runmail_ledger_lost", "Times the database did not take a group of writes, which is tried again.", **told
        )
        self.ledger_away = Gauge("runmail_ledger_away", "1 while the database does not take writes.", **told)
        self.template_failures = Counter(
            "runmail_template_failures", "Mails made from the built-in templates instead.", ["template"], **told
        )
        self._takes: dict[type[Any], Callable[[Any], None]] = {
            EventRecorded: self._recorded,
            EventRefused: lambda fact: self.quarantined.labels(fact.reason).inc(),
            EventPlanned: self._planned,
            AttemptEnded: self._attempt,
            GroupCommitted: self._committed,
            LedgerLost: self._lost,
            TemplateFailed: lambda fact: self.template_failures.labels(fact.template).inc(),
        }

    def tell(self, fact: Fact) -> None:
        """Count a fact."""
        self._takes[type(fact)](fact)

    def watch(self, *, connections: Callable[[], dict[str, int]], in_hand: Callable[[], int]) -> None:
        """Show what is read only when somebody looks: open connections by profile, and claims not yet begun."""
        self.registry.register(_WhenAsked(connections, in_hand))

    def _recorded(self, fact: EventRecorded) -> None:
        self.events.labels(str(fact.outcome)).inc()
        if fact.outcome == RecordOutcome.CONFLICTING:
            self.quarantined.labels("conflicting_repeat").inc()
        if fact.outcome == RecordOutcome.NEW and fact.published_at:
            # The publisher's clock may be ahead of ours.
            self.to_recorded.observe(max(0, fact.ended_at - fact.published_at) / 1000)

    def _planned(self, fact: EventPlanned) -> None:
        self.planned.labels(fact.state.value).inc()
        if fact.state is EventState.QUARANTINED:
            self.quarantined.labels(fact.reason or "").inc()

    def _attempt(self, fact: AttemptEnded) -> None:
        outcome = fact.outcome.value
        self.attempts.labels(fact.profile, outcome, fact.reason or "").inc()
        self.settled.labels(fact.profile, fact.state.value).inc()
        self.attempt_seconds.labels(outcome).observe(max(0, fact.ended_at - fact.started_at) / 1000)
        if outcome == "taken":
            self.to_taken.observe(max(0, fact.ended_at - fact.created_at) / 1000)

    def _committed(self, fact: GroupCommitted) -> None:
        self.group_items.observe(fact.size)
        self.commit_seconds.observe(fact.seconds)
        self.ledger_away.set(0)

    def _lost(self, _: LedgerLost) -> None:
        self.ledger_lost.inc()
        self.ledger_away.set(1)


class _WhenAsked(Collector):
    def __init__(self, connections: Callable[[], dict[str, int]], in_hand: Callable[[], int]) -> None:
        self._connections = connections
        self._in_hand = in_hand

    def collect(self) -> Iterator[Metric]:
        """Read what is so now."""
        opened = GaugeMetricFamily("runmail_connections", "SMTP connections that are open.", labels=["profile"])
        for profile, count in self._connections().items():
            opened.add_metric([profile], count)
        yield opened
        yield GaugeMetricFamily(
            "runmail_deliveries_in_hand", "Deliveries claimed by this process and not begun.", self._in_hand()
        )

    def describe(self) -> Iterator[Metric]:
        """Say what is collected without reading it."""
        yield GaugeMetricFamily("runmail_connections", "", labels=["profile"])
        yield GaugeMetricFamily("runmail_deliveries_in_hand", "")
