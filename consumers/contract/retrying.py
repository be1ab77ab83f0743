"""How often a Redis client tries again: one round of tries in all, and no second one of a login that was refused.

redis-py connects inside of a command with the same policy, which multiplies the tries, and takes a refused login for
a lost connection: a missing password was said after half a minute (seen with 8.1). Importing it imports redis.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

#: Seconds between two tries: at first, doubled each time, and at most.
FIRST_PAUSE = 0.01
MOST_PAUSE = 1.0

Fail = Callable[..., Any]
IsRetryable = Callable[[Exception], bool] | None


class OneRound(Retry):
    """Tries again as redis-py does; an error that one round has given up is marked, and the rounds around it end."""

    def __init__(self, tries: int) -> None:
        super().__init__(ExponentialBackoff(cap=MOST_PAUSE, base=FIRST_PAUSE), tries)

    def call_with_retry(
        self, do: Callable[[], Any], fail: Fail, is_retryable: IsRetryable = None, with_failure_count: bool = False
    ) -> Any:
        """Call `do` until it does not fail, as redis.retry.Retry does."""
        try:
            return super().call_with_retry(do, fail, _may_pass(is_retryable), with_failure_count)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            _give_up(error)
            raise


class AsyncOneRound(AsyncRetry):
    """The same for asyncio."""

    def __init__(self, tries: int) -> None:
        super().__init__(ExponentialBackoff(cap=MOST_PAUSE, base=FIRST_PAUSE), tries)

    async def call_with_retry(
        self,
        do: Callable[[], Awaitable[Any]],
        fail: Fail,
        is_retryable: IsRetryable = None,
        with_failure_count: bool = False,
    ) -> Any:
        """Call `do` until it does not fail, as redis.asyncio.retry.Retry does."""
        try:
            return await super().call_with_retry(do, fail, _may_pass(is_retryable), with_failure_count)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            _give_up(error)
            raise


def _may_pass(is_retryable: IsRetryable) -> Callable[[Exception], bool]:
    def may_pass(error: Exception) -> bool:
        if isinstance(error, redis.AuthenticationError) or getattr(error, "given_up", False):
            return False
        return is_retryable is None or is_retryable(error)

    return may_pass


def _give_up(error: redis.RedisError) -> None:
    error.given_up = True  # type: ignore[attr-defined]
