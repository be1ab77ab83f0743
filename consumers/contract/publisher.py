"""Publisher: puts events on the queue, from any Python program, thousands a second.

It needs redis (`pip install redis`); the event classes do not. It knows nothing of dramatiq but the form of a
queue message, and nothing of workers, profiles or the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .batches import Batch, batches
from .broker_unavailable import BrokerUnavailable
from .broker_url import BrokerUrlWrong, explain, make_client
from .events import Event
from .queue_message import QUEUE
from .spool import Spool, SpoolUnusable

if TYPE_CHECKING:
    from redis import Redis

#: Seconds; a publisher stands in somebody's pipeline, so it gives up on a silent host sooner than a worker.
CONNECT_TIMEOUT = 2.0
#: Seconds; a Redis that writes to a slow disk may answer late. With the retries a dead one is named within 90 s.
SOCKET_TIMEOUT = 10.0


class Publisher:
    """Publishes events to the broker at a URL; `broker_url` lists the forms.

        with Publisher("redis://localhost:6379/0") as publisher:
            publisher.publish(event)

    Safe to share between threads. Nothing is connected before the first event. What looks like a credential in texts
    is masked unless `mask` is false. With a `spool`, a folder, events are kept there while no broker answers, and the
    next call that reaches one sends them first.
    """

    def __init__(
        self,
        broker_url: str,
        *,
        mask: bool = True,
        spool: Path | str | Spool | None = None,
        namespace: str = "dramatiq",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._redis = connect(broker_url)
        self._queue = f"{namespace}:{QUEUE}"
        self._mask = mask
        self._clock = clock
        self._new_id = new_id
        #: The folder of events that wait, with what became of them; None without one.
        self.spool = Spool(spool) if isinstance(spool, Path | str) else spool
        #: Why the last call kept events in the spool; None when it kept none.
        self.away: BrokerUnavailable | None = None

    def publish(self, event: Event) -> str:
        """Publish one event; return its id.

        Raises:
            MalformedEvent: when it is too large even when shortened.
            BrokerUnavailable: when it may not be on the queue, and there is no spool.
            SpoolUnusable: when it is neither on the queue nor in the spool.
        """
        return self.publish_many([event])[0]

    def publish_many(self, events: Iterable[Event]) -> list[str]:
        """Publish events in order, a few hundred per round trip; return their ids.

        Once the broker is away, this and all later events of the call go into the spool, so their order is kept.

        Raises:
            MalformedEvent: when one is too large even when shortened; those before it are published.
            BrokerUnavailable: with `published` saying how many are on the queue for certain.
            SpoolUnusable: when the spool cannot keep what the broker does not take; also, with all events published,
                when what waits there cannot be sent.
        """
        away = unusable = None
        try:
            away = self.publish_spooled()
        except SpoolUnusable as error:
            unusable = error  # said at the end: what is published now need not suffer for what waits
        published: list[str] = []
        for batch in batches(events, self._clock, self._new_id, mask=self._mask):
            away = away or self._push(batch, len(published))
            if away is not None:
                self.away = away
                if self.spool is None:
                    raise away
                self.spool.keep(batch.events)
            published += [event.id for event in batch.events]
        if unusable is not None:
            raise unusable
        return published

    def publish_spooled(self) -> BrokerUnavailable | None:
        """Publish what waits in the spool, oldest first; return why not all of it, or None."""
        away = None
        if self.spool is not None:
            for batch in self.spool.sending(self._clock, self._new_id):
                away = self._push(batch, 0)
                if away is not None:
                    break
        self.away = away
        return away

    def _push(self, batch: Batch, before: int) -> BrokerUnavailable | None:
        """Put a batch on the queue in one transaction: bodies and ids become visible together. Return why not."""
        import redis

        mapping: Mapping[Any, Any] = batch.bodies
        try:
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(f"{self._queue}.msgs", mapping=mapping)
                pipeline.rpush(self._queue, *batch.bodies)
                pipeline.execute()
        except (redis.RedisError, OSError) as error:
            return BrokerUnavailable(explain(self._redis, error), before)
        return None

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
