"""Spans of an event meet in one trace, reach a real collector, and never cost a mail."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError

from tests.rig.forked import Forked
from tests.rig.spine import Spine, run_finished
from tests.rig.waiting import wait_until
from worker.settings import Settings
from worker.traces import spans_address

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@dataclass
class Collector:
    """A collector that keeps what it is sent, or answers with an error."""

    status: int = 200
    paths: list[str] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    url: str = ""

    def spans(self) -> list[Span]:
        found = []
        for body in self.requests:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans() if span.name == f"runmail {name}"]


@pytest.fixture
def collector() -> Iterator[Collector]:
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.paths.append(self.path)
            kept.requests.append(body)
            self.send_response(kept.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def start(spine: Spine, **variables: str) -> Forked:
    """Start a worker and wait until it works: OpenTelemetry takes a while to load."""
    spine.profile()
    process = spine.start("worker", **variables)
    wait_until(lambda: "worker_started" in spine.logs(), 90)
    return process


def attributes(span: Span) -> dict[str, Any]:
    found = {}
    for each in span.attributes:
        kind = each.value.WhichOneof("value")
        assert kind is not None
        found[each.key] = getattr(each.value, kind)
    return found


def test_the_spans_of_an_event_are_one_trace_that_its_publisher_may_have_begun(
    spine: Spine, collector: Collector
) -> None:
    process = start(spine, RUNMAIL_TRACES=collector.url)
    traced = {**run_finished("traced", "anna@example.com"), "traceparent": PARENT, "tracestate": "vendor=1"}
    spine.publish(traced, run_finished("plain", "anna@example.com", "boris@example.com"))
    spine.settled(sent=3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0

    wait_until(lambda: len(collector.spans()) == 7)
    assert set(collector.paths) == {"/v1/traces"}
    by_event: dict[str, list[Span]] = {"traced": [], "plain": []}
    for span in collector.spans():
        by_event[attributes(span)["runmail.event.id"]].append(span)
    assert sorted(span.name for span in by_event["traced"]) == ["runmail accept", "runmail attempt", "runmail plan"]
    assert {span.trace_id.hex() for span in by_event["traced"]} == {PARENT[3:35]}
    assert {span.parent_span_id.hex() for span in by_event["traced"]} == {PARENT[36:52]}
    assert {span.trace_state for span in by_event["traced"]} == {"vendor=1"}
    assert len({span.trace_id for span in by_event["plain"]}) == 1
    assert {span.parent_span_id for span in by_event["plain"]} == {b""}

    (attempt,) = [span for span in by_event["traced"] if span.name == "runmail attempt"]
    told = attributes(attempt)
    assert (
        told.items()
        >= {
            "runmail.event.source": "ci.example.com/checkout-api",
            "runmail.event.type": "runmail.run.finished",
            "runmail.profile": "QA alerts",
            "runmail.outcome": "taken",
            "runmail.state": "sent",
            "runmail.smtp.code": 250,
        }.items()
    )
    assert [event.name for event in attempt.events] == ["rendered", "connected", "recipient_accepted", "data_committed"]
    times = [event.time_unix_nano for event in attempt.events]
    assert attempt.start_time_unix_nano <= times[0]
    assert times == sorted(times)
    assert times[-1] <= attempt.end_time_unix_nano
    assert attributes(collector.named("plan")[0])["runmail.deliveries"] in (1, 2)
    everything = b"".join(collector.requests)
    for secret in (b"anna", b"boris", b"checkout-api \xc2\xb7", b"205"):
        assert secret not in everything
    for taken in spine.server.transactions:
        assert PARENT[3:35].encode() not in taken.message


@pytest.mark.parametrize("away", [True, False])
def test_a_collector_that_takes_nothing_costs_no_mail_and_is_said_once(
    spine: Spine, collector: Collector, away: bool
) -> None:
    collector.status = 400
    url = "http://127.0.0.1:9" if away else collector.url
    process = start(spine, RUNMAIL_TRACES=url, OTEL_BSP_SCHEDULE_DELAY="50", OTEL_EXPORTER_OTLP_TIMEOUT="1")
    for number in range(3):
        spine.publish(run_finished(f"run-{number}"))
        spine.settled(sent=number + 1)
    wait_until(lambda: "traces_not_sent" in spine.logs(), 60)
    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0
    assert spine.logs().count("traces_not_sent") == 1
    assert "Traceback" not in spine.logs()


def test_a_failed_attempt_is_a_span_with_an_error(spine: Spine, collector: Collector) -> None:
    spine.server.stop()
    process = start(spine, RUNMAIL_TRACES="on", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="50")
    spine.publish(run_finished())
    spine.settled(deferred=1)

    (span,) = wait_until(lambda: collector.named("attempt"))
    assert span.status.code == 2
    assert span.status.message == attributes(span)["runmail.reason"] == "connection_refused"
    assert process.poll() is None


def test_without_the_extra_the_start_is_refused_with_what_to_install(spine: Spine) -> None:
    """The extra is hidden from a process of its own, as if it were not installed."""
    spine.profile()
    for arguments in (["worker", "--processes", "2"], ["up"]):
        hidden = f"import sys; sys.modules['opentelemetry'] = None; sys.argv = {['runmail', *arguments]!r}"
        done = subprocess.run(
            [sys.executable, "-c", f"{hidden}; from worker.cli.main import run; run()"],
            env=spine.environment(RUNMAIL_TRACES="on"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr == "runmail: RUNMAIL_TRACES needs the extra: install runmail[telemetry], or unset it\n"


@pytest.mark.parametrize("value", ["yes", "localhost:4318", "http://user:secret@host", "ftp://host", "http://a b"])
def test_a_setting_that_is_none_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(ValidationError, match="is neither `on` nor an address") as refused:
        Settings(traces=value)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("collector_address", "address"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
        ("https://otel.example.com/custom/path", "https://otel.example.com/custom/path"),
    ],
)
def test_an_address_without_a_path_is_completed(collector_address: str, address: str) -> None:
    assert spans_address(collector_address) == address
