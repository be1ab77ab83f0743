"""Group commit: many small writes of one process become few transactions.

A commit that survives a power cut costs a disk flush. Whoever needs something written hands in an item and waits
for its result; one thread takes everything that waits, runs it in one transaction and answers all of them. An
item that fails does so alone: the group is tried again one by one. It knows nothing of what is written.
"""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from consumers.facts import GroupCommitted, LedgerLost, Tell, untold
from consumers.ledger.doubt import StillOpen, mark_transaction, was_committed

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Step = Callable[[Connection, Sequence[Item]], Sequence[Result]]

#: Items of one transaction: keeps a transaction short of 100 ms.
MAX_GROUP = 500
#: Seconds a group waits for more items when the last one had at least so many.
LINGER_SECONDS = 0.004
BUSY_SIZE = 3
#: Seconds between tries while the database is away, and until its callers are told so.
RETRY_SECONDS = 0.2
GIVE_UP_SECONDS = 20.0


class LedgerAway(Exception):
    """Raised when the database did not take a write, of which nothing is known to be written, or did not answer."""


@dataclass(slots=True)
class _Waiting:
    step: Callable[[Connection, Sequence[Any]], Sequence[Any]]
    item: Any
    future: Future[Any]


class LedgerWriter:
    """Write groups of items from one thread.

    Items of the same step that wait together are handed to it in one call, in the order they came; it returns
    one result for each. A step is run again only when what it wrote is not committed, even where the answer to
    COMMIT was lost.
    """

    def __init__(self, engine: Engine, *, give_up_seconds: float = GIVE_UP_SECONDS, tell: Tell = untold) -> None:
        self._engine = engine
        self._tell = tell
        self._busy_since: float | None = None
        self._give_up_seconds = give_up_seconds
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._closed = threading.Event()
        self._connection: Connection | None = None
        self._last_size = 0
        #: What this writer is called among others, and the number of its last transaction.
        self._owner = secrets.token_hex(8)
        self._number = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, step: Step[Item, Result], item: Item) -> Future[Result]:
        """Hand in one item; the future's result is what `step` returned for it once it is committed.

        The future fails with LedgerAway when the database stays away.
        """
        future: Future[Result] = Future()
        if self._closed.is_set():
            future.set_exception(LedgerAway("the ledger is closed"))
            return future
        self._waiting.put(_Waiting(cast(Any, step), item, future))
        return future

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def busy_seconds(self) -> float:
        """Return how long the thread has been at one group; 0 while it waits for one."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def close(self) -> None:
        """Write what waits, then end the thread."""
        self._closed.set()
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            if first is None:
                break
            group, last = [first], False
            # Who writes alone is not kept waiting; among many, a short wait for as many as the last time makes the
            # groups several times larger.
            until = time.monotonic() + (LINGER_SECONDS if self._last_size >= BUSY_SIZE else 0)
            while len(group) < MAX_GROUP:
                try:
                    left = until - time.monotonic() if len(group) < self._last_size else 0
                    more = self._waiting.get(timeout=left) if left > 0 else self._waiting.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                group.append(more)
            self._last_size = len(group)
            self._busy_since = time.monotonic()
            self._write(group)
            self._busy_since = None
            if last:
                break
        self._drop_connection()

    def _write(self, group: list[_Waiting]) -> None:
        """Write a group; if that fails for another reason than the database being away, one by one."""
        group = [waiting for waiting in group if waiting.future.running() or _begin(waiting.future)]
        if not group:
            return
        try:
            results, seconds = self._commit(group)
        except LedgerAway as error:
            for waiting in group:
                waiting.future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - whatever a step raises belongs to the one who handed it in
            if len(group) == 1:
                group[0].future.set_exception(error)
                return
            for waiting in group:
                self._write([waiting])
        else:
            for waiting, result in zip(group, results, strict=True):
                waiting.future.set_result(result)
            self._tell(GroupCommitted(len(group), seconds))

    def _commit(self, group: list[_Waiting]) -> tuple[list[Any], float]:
        """Run the steps of a group in one transaction, again while the database is away.

        Return the results and the seconds that the transaction took.
        """
        by_step: dict[Any, list[int]] = {}
        for index, waiting in enumerate(group):
            by_step.setdefault(waiting.step, []).append(index)
        deadline = time.monotonic() + self._give_up_seconds
        results: list[Any] = [None] * len(group)
        committing = False
        while True:
            began = time.monotonic()
            try:
                if self._connection is None:
                    self._connection = self._engine.connect()
                connection = self._connection
                if committing and self._ended_well(connection, deadline):
                    return results, time.monotonic() - began
                committing = False
                self._number += 1
                with connection.begin():
                    for step, indexes in by_step.items():
                        answers = step(connection, [group[index].item for index in indexes])
                        for index, answer in zip(indexes, answers, strict=True):
                            results[index] = answer
                    committing = mark_transaction(connection, self._owner, self._number)
                return results, time.monotonic() - began
            except BaseException as error:
                self._drop_connection()
                if not isinstance(error, OperationalError | InterfaceError) or not is_away(error):
                    raise
                self._tell(LedgerLost())
                log.warning("ledger_away", error=type(error.orig).__name__, waiting=len(group))
                if time.monotonic() >= deadline:
                    raise LedgerAway("the database did not answer") from None
                time.sleep(RETRY_SECONDS)

    def _ended_well(self, connection: Connection, deadline: float) -> bool:
        """Say whether the last transaction was committed, whose end nobody heard of."""
        while True:
            try:
                with connection.begin():
                    return was_committed(connection, self._owner, self._number)
            except StillOpen:
                if time.monotonic() >= deadline:
                    raise LedgerAway("the database did not end a transaction") from None
                time.sleep(RETRY_SECONDS)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.close()


def _begin(future: Future[Any]) -> bool:
    """Mark a future as being worked on; False when its caller no longer wants it."""
    return future.set_running_or_notify_cancel()


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Let a read that fails because the database is away fail as LedgerAway: no fault of what was read."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if not is_away(error):
            raise
        raise LedgerAway("the database did not answer") from None


def is_away(error: DBAPIError) -> bool:
    """Say whether an error means that the database is away, busy or full rather than that a write is wrong."""
    if error.connection_invalidated:
        return True
    said = str(error.orig).lower()
    return not any(word in said for word in ("no such table", "no such column", "does not exist", "syntax"))
