"""The trace that an event belongs to: the CloudEvents extension of W3C Trace Context.

`traceparent` and `tracestate` travel beside an event's data and change nothing about what it says. What is no
trace is left out, as Trace Context asks for (3.2.2); an event is never refused for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BeforeValidator

if TYPE_CHECKING:
    from .events import Event

#: version, trace id, parent id, flags (Trace Context 3.2); ids of zeros are none.
_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")
#: Characters of a tracestate that must be carried on (Trace Context 3.3.1.5).
MAX_STATE = 512

AnyEvent = TypeVar("AnyEvent", bound="Event")


def _parent_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and _PARENT.match(value) else None


def _state_or_none(value: Any) -> str | None:
    return (
        value
        if isinstance(value, str) and len(value) <= MAX_STATE and value.isascii() and value.isprintable()
        else None
    )


TraceParent = Annotated[str | None, BeforeValidator(_parent_or_none)]
TraceState = Annotated[str | None, BeforeValidator(_state_or_none)]


def in_trace(event: AnyEvent, variables: Mapping[str, str]) -> AnyEvent:
    """Return an event in the trace that the environment variables TRACEPARENT and TRACESTATE name.

    An event that is in a trace already stays in it, and without such variables the event is returned as it is.
    """
    parent = _parent_or_none(variables.get("TRACEPARENT"))
    if event.traceparent is not None or parent is None:
        return event
    state = _state_or_none(variables.get("TRACESTATE"))
    return event.model_copy(update={"traceparent": parent, "tracestate": state})
