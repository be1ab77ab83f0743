"""Spans of an event's path, made of facts after they happened. The only file that imports OpenTelemetry.

    accept   the event was written down
    plan     its deliveries were decided
    attempt  one try at one delivery, with its phases as span events

All spans of one event share a trace: the one its publisher named (`traceparent`), else one whose id is derived from
source and id, so that spans of several processes meet without a word between them. They carry the event's identity,
names and numbers; no recipient and no text. Sending them waits on a thread of the SDK, never on a mail.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
from collections.abc import Sequence
from typing import Any

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from consumers.facts import AttemptEnded, EventPlanned, EventRecorded, Fact, Origin
from consumers.ledger.states import AttemptOutcome

log = structlog.get_logger(__name__)

#: Nanoseconds of a millisecond: facts have the one, spans the other.
MILLISECOND = 1_000_000


class Spans:
    """Makes spans and has them sent to an OTLP/HTTP address; None follows the variables `OTEL_…`.

    Raises:
        ValueError: when one of those variables is wrong.
    """

    def __init__(self, address: str | None) -> None:
        # The SDK writes a traceback for every batch that is not taken; `_Told` says it once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._ids = _TraceIds()
        names = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "runmail"), "host.name": socket.gethostname()}
        self._provider = TracerProvider(
            resource=Resource.create({**names, "service.instance.id": f"{socket.gethostname()}:{os.getpid()}"}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(_Told(OTLPSpanExporter(endpoint=address))))
        self._tracer = self._provider.get_tracer("runmail")

    def tell(self, fact: Fact) -> None:
        """Make a span of a fact that has one."""
        if isinstance(fact, EventRecorded):
            self._span("runmail accept", SpanKind.CONSUMER, fact.origin, fact, {"outcome": str(fact.outcome)})
        elif isinstance(fact, EventPlanned):
            given = {"state": fact.state.value, "reason": fact.reason, "deliveries": fact.deliveries}
            self._span("runmail plan", SpanKind.INTERNAL, fact.origin, fact, given)
        elif isinstance(fact, AttemptEnded) and fact.origin is not None:
            given = {
                "delivery": fact.delivery,
                "profile": fact.profile,
                "state": fact.state.value,
                "outcome": fact.outcome.value,
                "reason": fact.reason,
                "smtp.code": fact.code,
            }
            self._span("runmail attempt", SpanKind.CLIENT, fact.origin, fact, given)

    def _span(
        self,
        name: str,
        kind: SpanKind,
        origin: Origin,
        fact: EventRecorded | EventPlanned | AttemptEnded,
        given: dict[str, Any],
    ) -> None:
        began_at = fact.started_at if isinstance(fact, AttemptEnded) else fact.began_at
        identity = {"event.id": origin.event_id, "event.source": origin.source, "event.type": origin.type}
        self._ids.follow(origin)
        span = self._tracer.start_span(
            name,
            context=_parent(origin),
            kind=kind,
            attributes={f"runmail.{key}": value for key, value in {**identity, **given}.items() if value is not None},
            start_time=began_at * MILLISECOND,
        )
        if isinstance(fact, AttemptEnded):
            for phase, at in fact.phases:
                span.add_event(phase, timestamp=at * MILLISECOND)
            if fact.outcome is not AttemptOutcome.TAKEN:
                span.set_status(Status(StatusCode.ERROR, fact.reason))
        span.end(end_time=max(began_at, fact.ended_at) * MILLISECOND)

    def stop(self, seconds: float) -> None:
        """Send what is left, for at most `seconds`: a collector that is away must not delay the end of a worker."""
        ending = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(seconds)


def _parent(origin: Origin) -> Context:
    """Return the context of the publisher's span, or an empty one."""
    if origin.traceparent is None:
        return Context()
    carrier = {"traceparent": origin.traceparent, "tracestate": origin.tracestate or ""}
    return TraceContextTextMapPropagator().extract(carrier, Context())


class _TraceIds(RandomIdGenerator):
    """Gives spans of one event the same trace, where the publisher named none; asked on the thread of `follow`."""

    def __init__(self) -> None:
        self._following = threading.local()

    def follow(self, origin: Origin) -> None:
        """Say which event the next span of this thread belongs to."""
        self._following.origin = origin

    def generate_trace_id(self) -> int:
        """Return an id derived from the event's source and id."""
        origin: Origin = self._following.origin
        named = f"{origin.source}\n{origin.event_id}".encode("utf-8", "replace")
        return int.from_bytes(hashlib.sha256(named).digest()[:16], "big")


class _Told(SpanExporter):
    """Exports with `exporter`, and says once when that begins to fail and once when it works again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._fails = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; what is not taken is given up."""
        result = self._exporter.export(spans)
        fails = result is not SpanExportResult.SUCCESS
        if fails != self._fails:
            self._fails = fails
            log.warning("traces_not_sent" if fails else "traces_sent_again", spans=len(spans))
        return result

    def shutdown(self) -> None:
        """Give up what is being sent."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing: nothing is kept here."""
        return True
