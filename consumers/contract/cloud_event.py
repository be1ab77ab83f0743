"""CloudEvent: an event without its data, as CloudEvents 1.0 has it in structured mode."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .texts import Identifier, JsonMediaType, ShortText
from .times import MaybeInstant
from .tracing import TraceParent, TraceState
from .values import Value


class CloudEvent(Value):
    """A CloudEvent without its data (CloudEvents 1.0, JSON format, structured mode)."""

    specversion: Literal["1.0"] = "1.0"
    id: Identifier
    source: Identifier
    type: Annotated[str, Field(min_length=1, max_length=200)]
    time: MaybeInstant = None
    datacontenttype: JsonMediaType = "application/json"
    subject: ShortText | None = None
    traceparent: TraceParent = None
    tracestate: TraceState = None

    def to_json(self) -> dict[str, Any]:
        """Return the event as the JSON object that travels; absent values are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=False)

    def to_json_text(self) -> str:
        """Return the event as compact JSON; the same event always gives the same text.

        Raises:
            ValueError: when a field the classes do not know holds what JSON cannot say.
        """
        return self.model_dump_json(by_alias=True, exclude_none=True)

    @property
    def identity(self) -> tuple[str, str]:
        """`source` and `id`, which together identify the event."""
        return self.source, self.id
