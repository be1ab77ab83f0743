"""The last audit: adding up the books reads the whole ledger, so it is done beside the pages, now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from consumers.ledger.books import Books, read_books

log = structlog.get_logger(__name__)

#: Milliseconds after which whoever looks has the books added up anew.
STALE = 15 * 60_000


@dataclass(frozen=True, slots=True)
class Audit:
    """The books as they were at `at` (milliseconds UTC), and the milliseconds that adding them up took."""

    books: Books
    at: int
    took: int


class LastAudit:
    """Keeps the last audit of this process; safe to use from several threads.

    `open_snapshot` opens a connection whose reads all see one moment; `now` returns milliseconds UTC.
    """

    def __init__(self, open_snapshot: Callable[[], Connection], now: Callable[[], int]) -> None:
        self._open_snapshot = open_snapshot
        self._now = now
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._last: Audit | None = None
        self._begun_at: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether the books are being added up."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def look(self) -> Audit | None:
        """Return the last audit, None before the first; one that is old is done again meanwhile."""
        if self._begun_at is None or self._now() - self._begun_at >= STALE:
            self.begin()
        return self._last

    def begin(self) -> bool:
        """Add up the books beside the caller; False when that is under way already."""
        with self._lock:
            if self.is_running:
                return False
            self._begun_at = self._now()
            self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
            self._thread.start()
            return True

    def wait(self, seconds: float) -> None:
        """Wait for the audit that is under way."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        begun = self._now()
        try:
            with self._open_snapshot() as connection:
                books = read_books(connection)
        except SQLAlchemyError as error:
            log.warning("audit_not_done", error=type(error).__name__)
            return
        ended = self._now()
        self._last = Audit(books, ended, ended - begun)
