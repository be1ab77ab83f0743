"""The Redis client that every part uses: short faults are survived, a silent server is given up in time."""

from __future__ import annotations

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

#: Seconds without an answer after which a connection is given up; dramatiq's default of 5 left sent messages
#: un-acked after a short stall.
SOCKET_SECONDS = 30
CONNECT_SECONDS = 5


def make_client(url: str, answer_seconds: float = SOCKET_SECONDS) -> redis.Redis:
    """Make a Redis client that survives short faults by itself."""
    return redis.Redis.from_url(
        url,
        socket_timeout=answer_seconds,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(ExponentialBackoff(cap=1, base=0.01), 8),
        health_check_interval=30,
    )
