"""dramatiq's Redis broker with the corrections that mail needs; its message format and keys are unchanged.

A lost connection is recognised in all its forms, a body stays beside its id so that even garbage can be acked,
waiting costs nothing, and messages of a killed worker come back on request rather than by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import current_millis, dq_name
from dramatiq.middleware import CurrentMessage, Middleware, Retries

from worker.queue_consumer import QueueConsumer

#: Milliseconds without a heartbeat after which the messages of a worker process go back to their queue, at most and
#: at least. A live process beats once a second; one that is taken for dead loses nothing, its messages are read twice.
HEARTBEAT_TIMEOUT = 15_000
LEAST_HEARTBEAT_TIMEOUT = 3_000
#: Milliseconds a message that failed for a passing reason waits.
MIN_BACKOFF = 1_000
MAX_BACKOFF = 60_000


class QueueBroker(RedisBroker):
    """The broker; its consumers are QueueConsumers."""

    def __init__(
        self, client: redis.Redis, *, namespace: str = "dramatiq", heartbeat_timeout: int = HEARTBEAT_TIMEOUT
    ) -> None:
        middleware: list[Middleware] = [
            CurrentMessage(),
            # Without a bound: what waits in the queue is only there, and a database that is away for a day must
            # cost no event. Starts are counted in the ledger instead.
            Retries(max_retries=None, min_backoff=MIN_BACKOFF, max_backoff=MAX_BACKOFF),  # type: ignore[arg-type]
        ]
        super().__init__(  # type: ignore[no-untyped-call]
            client=client, middleware=middleware, namespace=namespace, heartbeat_timeout=heartbeat_timeout
        )
        self.fetch_script = client.register_script(FETCH)
        #: Ids fetched by this process and not yet acked, by queue; outlives a consumer that lost its connection.
        self.outstanding: defaultdict[str, set[str]] = defaultdict(set)

    @property
    def consumer_class(self) -> Any:
        """The class dramatiq makes consumers of."""
        return QueueConsumer

    def take_back_lost(self, queue_names: Iterable[str]) -> None:
        """Put messages that dead worker processes had fetched back on their queues.

        dramatiq does so in one of a thousand commands, which on an idle system can mean minutes.
        """
        for queue_name in queue_names:
            for name in (queue_name, dq_name(queue_name)):
                self.scripts["dispatch"](
                    keys=[self.namespace],
                    args=[
                        "qsize",
                        current_millis(),
                        name,
                        self.broker_id,
                        self.heartbeat_timeout,
                        self.dead_message_ttl,
                        1,
                        self._max_unpack_size(),  # type: ignore[no-untyped-call]
                    ],
                )

    def beat(self) -> None:
        """Say that this process lives, when no other command has said so."""
        self.client.zadd(f"{self.namespace}:__heartbeats__", {self.broker_id: current_millis()})


def heartbeat_timeout(lease_seconds: float | None) -> int:
    """Return the milliseconds after which a process without a heartbeat counts as dead: those of a lease, in bounds."""
    if lease_seconds is None:
        return HEARTBEAT_TIMEOUT
    return min(HEARTBEAT_TIMEOUT, max(LEAST_HEARTBEAT_TIMEOUT, round(lease_seconds * 1000)))


#: Fetch up to ARGV[3] messages as a flat list of id, body, id, body, … An id whose body is gone is dropped.
FETCH = """
redis.call("zadd", KEYS[4], ARGV[1], ARGV[2])
local found = {}
for _ = 1, tonumber(ARGV[3]) do
    local id = redis.call("lpop", KEYS[1])
    if not id then break end
    local body = redis.call("hget", KEYS[2], id)
    if body then
        redis.call("sadd", KEYS[3], id)
        found[#found + 1] = id
        found[#found + 1] = body
    end
end
return found
"""
