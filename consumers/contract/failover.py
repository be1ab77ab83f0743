"""What a client behind sentinels needs so that a failover costs it a pause and nothing else.

It waits about half a minute in all and follows the master to its new address. Importing it imports redis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection

#: Tries, 10 ms to 1 s apart: half a minute. A failover takes the sentinels' `down-after-milliseconds` and a few
#: seconds more.
TRIES = 35


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
