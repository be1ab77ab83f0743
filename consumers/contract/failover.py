"""What a client behind sentinels needs so that a failover costs it a pause and nothing else.

It waits about half a minute in all, follows the master to its new address, and never waits for a wrong password.
Importing it imports redis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from redis.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection

#: Tries, 10 ms to 1 s apart: half a minute. A failover takes the sentinels' `down-after-milliseconds` and a few
#: seconds more.
TRIES = 35


class FailoverRetry(Retry):
    """Tries again as redis-py does, but in all no longer than one round of tries.

    redis-py connects inside of a command with the same policy, which would multiply the tries: an error that one
    round has given up is marked, and the round around it gives up too.
    """

    def __init__(self) -> None:
        super().__init__(ExponentialBackoff(cap=1, base=0.01), TRIES)

    def call_with_retry(
        self,
        do: Callable[[], Any],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> Any:
        """Call `do` until it does not fail, as redis.retry.Retry does."""

        def may_pass(error: Exception) -> bool:
            if isinstance(error, redis.AuthenticationError) or getattr(error, "given_up", False):
                return False
            return is_retryable is None or is_retryable(error)

        try:
            return super().call_with_retry(do, fail, may_pass, with_failure_count)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            error.given_up = True  # type: ignore[union-attr]
            raise


class _Following:
    """Asks the sentinels at every new connection.

    redis-py does so for a new command only: one that is under way when its connection breaks would be tried again
    and again at the address of the dead master (seen with 8.1: half a minute without work).
    """

    _sock: Any
    connect: Callable[[], None]

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send a command, connected first if need be."""
        if not self._sock:
            self.connect()
        super().send_packed_command(command, check_health)  # type: ignore[misc]


class FollowingConnection(_Following, SentinelManagedConnection):
    """A connection to whoever is the master."""


class FollowingTlsConnection(_Following, SentinelManagedSSLConnection):
    """The same over TLS."""
