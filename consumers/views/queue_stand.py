"""What waits on the queues of the broker, as far as views care; who reads it is not known here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueStand:
    """Messages on all queues that no worker has fetched, and the seconds that the first of them has waited.

    `oldest` is None when nothing waits, or its time cannot be read.
    """

    messages: int
    oldest: float | None = None
