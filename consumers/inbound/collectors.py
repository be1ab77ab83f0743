"""Threads that make the passes over mailboxes: servers that hang hold these, not the threads that record events."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import structlog

from consumers.inbound.passes import Passed

log = structlog.get_logger(__name__)

#: Passes at a time in one worker process: enough that some servers that hang do not stop the others' mail, few enough
#: that as many of the largest mails fit into memory.
MOST_PASSES = 8


class Collectors:
    """Makes a pass over each mailbox it is rung for; one that is rung for twice before its pass begins gets one."""

    def __init__(self, collect: Callable[[int], Passed], threads: int = MOST_PASSES) -> None:
        self._collect = collect
        self._waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._wanted: set[int] = set()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name=f"collector-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def ring(self, mailbox_id: int) -> None:
        """Have a pass made over a mailbox; returns at once."""
        with self._lock:
            if mailbox_id in self._wanted:
                return
            self._wanted.add(mailbox_id)
        self._waiting.put(mailbox_id)

    def stop(self, seconds: float) -> None:
        """Begin no further pass, and wait so long for those under way; what is broken off is read again."""
        with self._lock:
            self._wanted.clear()
        for _ in self._threads:
            self._waiting.put(None)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while (mailbox_id := self._waiting.get()) is not None:
            with self._lock:
                if mailbox_id not in self._wanted:
                    continue
                # Before the pass: mail that comes while it is under way must be able to ring.
                self._wanted.discard(mailbox_id)
            try:
                self._collect(mailbox_id)
            except Exception as error:
                # The edge of one mailbox. Its lease ends by itself and the clock rings again.
                log.exception("collecting_failed", mailbox=mailbox_id, error=type(error).__name__)
