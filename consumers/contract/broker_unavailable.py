"""BrokerUnavailable: what a publisher says when the broker does not take an event, in words for people.

Both publishers, with and without asyncio, tell it alike.
"""

from __future__ import annotations

from typing import Any

NO_URL = "the broker URL is none that Redis knows: write redis://HOST:PORT/DATABASE, rediss:// or unix://"


class BrokerUnavailable(Exception):
    """Raised when Redis does not answer, refuses the login or refuses to write.

    `published` is how many events of the call are on the queue for certain. Publishing all of them again is
    safe: an event that is already there is the same event. The text never holds the password of the URL.
    """

    def __init__(self, text: str, published: int = 0) -> None:
        self.published = published
        super().__init__(text)


def explained(connection: dict[str, Any], error: Exception, published: int) -> BrokerUnavailable:
    """Say what is wrong with the broker of a client's `connection_kwargs`, and where it is; never how to log in."""
    import redis

    place = _place(connection)
    if isinstance(error, redis.AuthenticationError | redis.exceptions.NoPermissionError):
        text = f"the broker at {place} refuses the login: check the user and password in the broker URL"
    elif isinstance(error, redis.exceptions.ReadOnlyError):
        text = f"the broker at {place} is a read-only replica"
    elif isinstance(error, redis.exceptions.OutOfMemoryError):
        text = f"the broker at {place} is out of memory"
    elif isinstance(error, redis.ResponseError):
        text = f"the broker at {place} refuses to write ({_error_name(error)})"
    else:
        text = f"no broker answers at {place}"
    return BrokerUnavailable(text, published)


def _error_name(error: Exception) -> str:
    """Return the name a Redis error begins with; redis-py puts the command, and so the event, before it."""
    name = str(error).rpartition("caused error: ")[2].partition(" ")[0]
    return name if name.isalpha() and name.isupper() else "ERR"


def _place(connection: dict[str, Any]) -> str:
    if "path" in connection:
        return str(connection["path"])
    return f"{connection.get('host', 'localhost')}:{connection.get('port', 6379)}"
