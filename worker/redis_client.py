"""The Redis client that every part uses: short faults are survived, a silent server is given up in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumers.contract import broker_url

if TYPE_CHECKING:
    import redis

#: Seconds without an answer after which a connection is given up; dramatiq's default of 5 left sent messages
#: un-acked after a short stall.
SOCKET_SECONDS = 30
CONNECT_SECONDS = 5


def make_client(url: str, answer_seconds: float = SOCKET_SECONDS) -> redis.Redis:
    """Make a Redis client that survives short faults by itself.

    Raises:
        consumers.contract.broker_url.BrokerUrlWrong: when the address is none of a broker.
    """
    return broker_url.make_client(url, connect_seconds=CONNECT_SECONDS, answer_seconds=answer_seconds)
