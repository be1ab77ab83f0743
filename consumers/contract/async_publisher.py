"""AsyncPublisher: the Publisher for programs on asyncio. What travels, and what is said of faults, is the same."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .batches import Batch, batches
from .broker_unavailable import BrokerUnavailable
from .broker_url import BrokerUrlWrong, explain, make_async_client
from .events import Event
from .publisher import CONNECT_TIMEOUT, SOCKET_TIMEOUT
from .queue_message import QUEUE
from .spool import Spool, SpoolUnusable

if TYPE_CHECKING:
    from redis.asyncio import Redis


class AsyncPublisher:
    """Publishes events to the broker at a `redis://`, `rediss://` or `unix://` URL, on asyncio.

        async with AsyncPublisher("redis://localhost:6379/0") as publisher:
            await publisher.publish(event)

    Safe to share between the tasks of one loop. `mask` and `spool` are those of `Publisher`.
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
        self._redis = _connect(broker_url)
        self._queue = f"{namespace}:{QUEUE}"
        self._mask = mask
        self._clock = clock
        self._new_id = new_id
        #: The folder of events that wait, with what became of them; None without one.
        self.spool = Spool(spool) if isinstance(spool, Path | str) else spool
        #: Why the last call kept events in the spool; None when it kept none.
        self.away: BrokerUnavailable | None = None

    async def publish(self, event: Event) -> str:
        """Publish one event; return its id. Raises what `Publisher.publish` raises."""
        return (await self.publish_many([event]))[0]

    async def publish_many(self, events: Iterable[Event]) -> list[str]:
        """Publish events in order; return their ids. Raises what `Publisher.publish_many` raises."""
        away = unusable = None
        try:
            away = await self.publish_spooled()
        except SpoolUnusable as error:
            unusable = error  # said at the end: what is published now need not suffer for what waits
        published: list[str] = []
        for batch in batches(events, self._clock, self._new_id, mask=self._mask):
            away = away or await self._push(batch, len(published))
            if away is not None:
                self.away = away
                if self.spool is None:
                    raise away
                await asyncio.to_thread(self.spool.keep, batch.events)
            published += [event.id for event in batch.events]
        if unusable is not None:
            raise unusable
        return published

    async def publish_spooled(self) -> BrokerUnavailable | None:
        """Publish what waits in the spool, oldest first; return why not all of it, or None."""
        away = None
        if self.spool is not None:
            sending = self.spool.sending(self._clock, self._new_id)
            # Files are read and removed in a thread, so that a slow disk does not hold the loop.
            while (batch := await asyncio.to_thread(next, sending, None)) is not None:
                away = await self._push(batch, 0)
                if away is not None:
                    sending.close()
                    break
        self.away = away
        return away

    async def _push(self, batch: Batch, before: int) -> BrokerUnavailable | None:
        """Put a batch on the queue in one transaction; return why not."""
        import redis

        mapping: Mapping[Any, Any] = batch.bodies
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.hset(f"{self._queue}.msgs", mapping=mapping)
                pipeline.rpush(self._queue, *batch.bodies)
                await pipeline.execute()
        except (redis.RedisError, OSError) as error:
            return BrokerUnavailable(explain(self._redis, error), before)
        return None

    async def close(self) -> None:
        """Close the connections; a publisher that is used again opens new ones."""
        await self._redis.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _connect(broker_url: str) -> Redis:
    """Make the client, as patient as the one of `publisher.connect`; nothing is sent yet.

    Raises:
        BrokerUnavailable: when the URL is none.
    """
    try:
        return make_async_client(broker_url, connect_seconds=CONNECT_TIMEOUT, answer_seconds=SOCKET_TIMEOUT)
    except BrokerUrlWrong as error:
        raise BrokerUnavailable(str(error)) from None
