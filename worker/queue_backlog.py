"""What waits on the queues. Read now and then by the clock and by the overview page, never for a scrape."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from worker.broker import QueueBroker


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages that wait on a queue, and the seconds that the first has waited; None when that cannot be read."""

    messages: int
    delayed: int
    oldest: float | None


def read_queue(broker: QueueBroker, name: str, now: int) -> Queue:
    """Read what waits on a queue at `now` (milliseconds UTC)."""
    key = f"{broker.namespace}:{name}"
    client: Any = broker.client
    with client.pipeline(transaction=False) as pipeline:
        pipeline.llen(key)
        pipeline.llen(f"{key}.DQ")
        pipeline.lindex(key, 0)
        messages, delayed, first = pipeline.execute()
    body = client.hget(f"{key}.msgs", first) if first is not None else None
    published = _published_at(body) if body is not None else None
    return Queue(messages, delayed, 0.0 if first is None else _age(published, now))


def _age(published: int | None, now: int) -> float | None:
    return max(0, now - published) / 1000 if published is not None else None


def _published_at(body: bytes) -> int | None:
    """Return the time in a queue message, which anybody may have written."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    value = found.get("message_timestamp") if isinstance(found, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
