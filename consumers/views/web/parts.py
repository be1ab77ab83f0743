"""What the pages of deliveries, events and replies are built from; the composition root fills it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from starlette.requests import Request

from consumers.mails.rendering import SetRenderer
from consumers.outbound.drafts import DraftBook
from consumers.views.last_audit import LastAudit
from consumers.views.queue_stand import QueueStand
from consumers.views.usage import LedgerUsage
from profiles.authors import Author
from profiles.page.shell.pages import Pages
from profiles.store import ProfileStore


@dataclass(frozen=True, slots=True)
class ViewParts:
    """Everything the pages need. `now` gives milliseconds UTC, `author` the one behind a request.

    `drafts` writes mails as they are sent; `sets` are the sets of templates beside the built-in one. `queues` tells
    what waits on the broker's queues, None when none answers. `replan` asks
    for events by row to be planned now, which the clock would ask for a little later; `read_replies` has kept mails
    understood.
    """

    pages: Pages
    engine: Engine
    profiles: ProfileStore
    usage: LedgerUsage
    drafts: DraftBook
    sets: Sequence[SetRenderer]
    audit: LastAudit
    queues: Callable[[], QueueStand | None]
    now: Callable[[], int]
    author: Callable[[Request], Author]
    replan: Callable[[Sequence[int]], None]
    read_replies: Callable[[Sequence[int]], int]

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a connection that only reads, and waits for no writer."""
        return self.engine.execution_options(reading=True).connect()
