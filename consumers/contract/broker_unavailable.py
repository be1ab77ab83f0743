"""BrokerUnavailable: what a publisher says when the broker does not take an event, in words of `broker_url.explain`.

Both publishers, with and without asyncio, tell it alike.
"""

from __future__ import annotations


class BrokerUnavailable(Exception):
    """Raised when Redis does not answer, refuses the login or refuses to write.

    `published` is how many events of the call are on the queue for certain. Publishing all of them again is
    safe: an event that is already there is the same event. The text never holds the password of the URL.
    """

    def __init__(self, text: str, published: int = 0) -> None:
        self.published = published
        super().__init__(text)
