"""Batches: events on their way, prepared and turned into queue messages, a few hundred to a round trip.

The same for every publisher; it knows no Redis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from .events import Event
from .malformed import MalformedEvent
from .preparing import prepared
from .queue_message import queue_message

#: Events and bytes of one round trip to Redis: enough to hide the round trip, little enough to hold in memory.
BATCH_EVENTS = 300
BATCH_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Batch:
    """Queue messages on their way, by message id, and their events in the same order."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    size: int = 0


def batches(
    events: Iterable[Event], clock: Callable[[], datetime], new_id: Callable[[], str], *, mask: bool
) -> Iterator[Batch]:
    """Turn events into batches of queue messages, each event prepared first.

    Raises:
        MalformedEvent: from `prepared`, after everything before the event has been yielded.
    """
    batch = Batch()
    for published in events:
        message_id = new_id()
        try:
            event = prepared(published, mask=mask)
            body = queue_message(event, clock(), message_id)
        except MalformedEvent:
            if batch.bodies:
                yield batch
            raise
        if batch.bodies and (len(batch.bodies) >= BATCH_EVENTS or batch.size + len(body) > BATCH_BYTES):
            yield batch
            batch = Batch()
        batch.bodies[message_id] = body
        batch.events.append(event)
        batch.size += len(body)
    if batch.bodies:
        yield batch
