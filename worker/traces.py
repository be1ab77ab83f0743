"""Whether traces are made: off unless RUNMAIL_TRACES asks for them. OpenTelemetry is loaded only then."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from worker.traces_spans import Spans

#: Setting that leaves the address and all else to the variables `OTEL_…`.
BY_VARIABLES = "on"
#: Where collectors take spans (OTLP/HTTP specification, “Request”).
SPANS_PATH = "/v1/traces"


class TracesUnusable(Exception):
    """Raised when traces are asked for and cannot be made; the text says what to do."""


def make_traces(setting: str | None) -> Spans | None:
    """Return what makes spans of facts, or None when no traces are wanted.

    Raises:
        TracesUnusable: when the extra is not installed, or a variable of OpenTelemetry is wrong.
    """
    if setting is None:
        return None
    need_extra(setting)
    from worker.traces_spans import Spans

    try:
        return Spans(None if setting == BY_VARIABLES else spans_address(setting))
    except ValueError as error:
        raise TracesUnusable(f"a variable OTEL_… cannot be used: {error}") from None


def need_extra(setting: str | None) -> None:
    """Check that what traces need is installed, if they are wanted.

    Raises:
        TracesUnusable: when it is not.
    """
    if setting is None:
        return
    try:
        import opentelemetry.exporter.otlp.proto.http
        import opentelemetry.sdk  # noqa: F401
    except ImportError:
        raise TracesUnusable("RUNMAIL_TRACES needs the extra: install runmail[telemetry], or unset it") from None


def spans_address(collector: str) -> str:
    """Return where a collector takes spans; an address with a path of its own is taken as it is."""
    return collector if urlsplit(collector).path.strip("/") else collector.rstrip("/") + SPANS_PATH
