"""Publisher: puts events on the queue, from any Python program, thousands a second.

It needs redis (`pip install redis`); the event classes do not. It knows nothing of dramatiq but the form of a
queue message, and nothing of workers, profiles or the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .broker_url import BrokerUrlWrong, explain, make_client
from .events import Event
from .malformed import MalformedEvent
from .queue_message import QUEUE, queue_message
from .sizes import fit

if TYPE_CHECKING:
    from redis import Redis

#: Events and bytes of one round trip to Redis: enough to hide the round trip, little enough to hold in memory.
BATCH_EVENTS = 300
BATCH_BYTES = 4 * 1024 * 1024
#: Seconds; a publisher stands in somebody's pipeline, so it gives up on a silent host sooner than a worker.
CONNECT_TIMEOUT = 2.0
#: Seconds; a Redis that writes to a slow disk may answer late. With the retries a dead one is named within 90 s.
SOCKET_TIMEOUT = 10.0


class BrokerUnavailable(Exception):
    """Raised when Redis does not answer, refuses the login or refuses to write.

    `published` is how many events of the call are on the queue for certain. Publishing all of them again is
    safe: an event that is already there is the same event. The text never holds the password of the URL.
    """

    def __init__(self, text: str, published: int = 0) -> None:
        self.published = published
        super().__init__(text)


@dataclass(slots=True)
class Batch:
    """Queue messages on their way, by message id, with the ids of their events in order."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    event_ids: list[str] = field(default_factory=list)
    size: int = 0


def batches(events: Iterable[Event], clock: Callable[[], datetime], new_id: Callable[[], str]) -> Iterator[Batch]:
    """Turn events into batches of queue messages, each event brought under the size limit first.

    Raises:
        MalformedEvent: from `fit`, after everything before the event has been yielded.
    """
    batch = Batch()
    for event in events:
        message_id = new_id()
        try:
            body = queue_message(fit(event), clock(), message_id)
        except MalformedEvent:
            if batch.bodies:
                yield batch
            raise
        if batch.bodies and (len(batch.bodies) >= BATCH_EVENTS or batch.size + len(body) > BATCH_BYTES):
            yield batch
            batch = Batch()
        batch.bodies[message_id] = body
        batch.event_ids.append(event.id)
        batch.size += len(body)
    if batch.bodies:
        yield batch


class Publisher:
    """Publishes events to the broker at a URL; `broker_url` lists the forms.

        with Publisher("redis://localhost:6379/0") as publisher:
            publisher.publish(event)

    Safe to share between threads. Nothing is connected before the first event.
    """

    def __init__(
        self,
        broker_url: str,
        *,
        namespace: str = "dramatiq",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._redis = connect(broker_url)
        self._queue = f"{namespace}:{QUEUE}"
        self._clock = clock
        self._new_id = new_id

    def publish(self, event: Event) -> str:
        """Publish one event; return its id.

        Raises:
            MalformedEvent: when it is too large even when shortened.
            BrokerUnavailable: when it may not be on the queue.
        """
        return self.publish_many([event])[0]

    def publish_many(self, events: Iterable[Event]) -> list[str]:
        """Publish events in order, a few hundred per round trip; return their ids.

        Raises:
            MalformedEvent: when one is too large even when shortened; those before it are published.
            BrokerUnavailable: with `published` saying how many are on the queue for certain.
        """
        published: list[str] = []
        for batch in batches(events, self._clock, self._new_id):
            self._push(batch, len(published))
            published += batch.event_ids
        return published

    def _push(self, batch: Batch, before: int) -> None:
        """Put a batch on the queue in one transaction: bodies and ids become visible together."""
        import redis

        mapping: Mapping[Any, Any] = batch.bodies
        try:
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(f"{self._queue}.msgs", mapping=mapping)
                pipeline.rpush(self._queue, *batch.bodies)
                pipeline.execute()
        except (redis.RedisError, OSError) as error:
            raise BrokerUnavailable(explain(self._redis, error), before) from None

    def close(self) -> None:
        """Close the connections; a publisher that is used again opens new ones."""
        self._redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(broker_url: str) -> Redis:
    """Make the client; nothing is sent yet.

    A retried transaction may put the same message ids on the queue twice; the second finds no body, or the
    same event again. Both are harmless.

    Raises:
        BrokerUnavailable: when the URL is none.
    """
    try:
        return make_client(broker_url, connect_seconds=CONNECT_TIMEOUT, answer_seconds=SOCKET_TIMEOUT)
    except BrokerUrlWrong as error:
        raise BrokerUnavailable(str(error)) from None
