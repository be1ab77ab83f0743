"""stated_event: an event from what somebody states, masked, with an id made of its content unless one is stated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .events import Event, EventData
from .masking import masked
from .reading import read_event


def stated_event(
    type: str,  # noqa: A002 - CloudEvents' word
    data: dict[str, Any],
    *,
    id: str | None,  # noqa: A002 - CloudEvents' word
    source: str,
    now: datetime,
    mask: bool,
    new_id: Callable[[EventData], str],
) -> Event:
    """Build the event; without an `id`, `new_id` makes one of the data as it is published, which is masked.

    Raises:
        MalformedEvent: when something stated is refused by the contract, with the field.
    """
    attributes = {"specversion": "1.0", "type": type, "id": id or "made below", "source": source, "time": now}
    event = read_event({**attributes, "data": data})
    if mask:
        event = masked(event)
    return event if id else event.model_copy(update={"id": new_id(event.data)})
