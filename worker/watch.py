"""What a process shows of itself, composed: metrics, health and traces. Only what is asked for is built."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from dramatiq.worker import Worker
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from consumers.facts import Fact, Tell, untold
from worker.clock import Clock
from worker.composition import Bells, WorkerParts
from worker.ground import Ground, now_milliseconds
from worker.health import Check, Checkup
from worker.health_checks import clock_checks, lease_check, ready_checks, worker_checks
from worker.health_server import JSON, HealthServer, Page, Pages
from worker.metrics import WorkerMetrics, exposed
from worker.metrics_clock import BacklogReader, ClockMetrics
from worker.queues import QUEUES
from worker.settings import Settings
from worker.traces import make_traces

log = structlog.get_logger(__name__)

#: Seconds that what is shown gets to end.
STOP_SECONDS = 2.0


class WorkerWatch:
    """Watches one worker process. `health_port` is None when nobody looks."""

    def __init__(self, ground: Ground, broker_url: str, health_port: int | None) -> None:
        self._ground = ground
        self._broker_url = broker_url
        self._port = health_port
        self._metrics = WorkerMetrics() if health_port is not None else None
        self._traces = make_traces(ground.settings.traces)
        self._server: HealthServer | None = None

    @property
    def tell(self) -> Tell:
        """What takes the facts of this process."""
        listeners: list[Tell] = [each.tell for each in (self._metrics, self._traces) if each is not None]
        return to_all(listeners) if listeners else untold

    def start(self, parts: WorkerParts, worker: Worker) -> None:
        """Begin to show what `parts` do.

        Raises:
            PortTaken: when the health port cannot be opened.
        """
        if self._metrics is None or self._port is None:
            return
        self._metrics.watch(connections=parts.open_links.by_profile, in_hand=parts.lanes.in_hand)
        ready = ready_checks(self._ground.engine, self._broker_url)
        pages = _pages(self._metrics.registry, worker_checks(parts, worker), ready)
        self._server = _serve(self._ground.settings, self._port, pages)

    def stop(self) -> None:
        """Show nothing more; what is left of the traces is sent, if that goes quickly."""
        if self._server is not None:
            self._server.stop()
        if self._traces is not None:
            self._traces.stop(STOP_SECONDS)


class ClockWatch:
    """Watches one clock process."""

    def __init__(self, ground: Ground, broker_url: str, bells: Bells, health_port: int | None) -> None:
        self._ground = ground
        self._broker_url = broker_url
        self._port = health_port
        self.metrics = ClockMetrics()
        self._backlog = BacklogReader(ground.engine, bells.broker, QUEUES, self.metrics, now_milliseconds)
        self._server: HealthServer | None = None

    def start(self, clock: Clock) -> None:
        """Begin to show what `clock` does.

        Raises:
            PortTaken: when the health port cannot be opened.
        """
        if self._port is None:
            return
        ready = {**ready_checks(self._ground.engine, self._broker_url), **lease_check(self.metrics)}
        pages = _pages(self.metrics.registry, clock_checks(clock), ready)
        self._server = _serve(self._ground.settings, self._port, pages)
        self._backlog.start()

    def stop(self) -> None:
        """Show nothing more."""
        if self._server is not None:
            self._backlog.stop(STOP_SECONDS)
            self._server.stop()


def _pages(registry: CollectorRegistry, alive: dict[str, Check], ready: dict[str, Check]) -> Pages:
    """Return the pages of a process."""

    def of(checkup: Checkup) -> Page:
        report = checkup.report()
        return Page(200 if report.is_well else 503, JSON, report.to_json())

    liveness, readiness = Checkup(alive), Checkup(ready)
    return {
        "/metrics": lambda: Page(200, CONTENT_TYPE_PLAIN_0_0_4, exposed(registry)),
        "/healthz": lambda: of(liveness),
        "/readyz": lambda: of(readiness),
    }


def _serve(settings: Settings, port: int, pages: Pages) -> HealthServer:
    server = HealthServer(pages, settings.health_host, port)
    log.info("health_listens", host=settings.health_host, port=server.start())
    return server


def to_all(listeners: Sequence[Tell]) -> Tell:
    """Return what tells a fact to all listeners; one that breaks costs neither a mail nor the others their fact."""

    def tell(fact: Fact) -> None:
        for listener in listeners:
            try:
                listener(fact)
            except Exception as error:  # noqa: BLE001 - the edge of the path: what watches it must not stop it
                log.error("listener_failed", fact=type(fact).__name__, error=type(error).__name__)

    return tell
