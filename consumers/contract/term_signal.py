"""TermSignal: SIGTERM ends a run as Ctrl-C does, so that its end can be told, and then the process as ever.

CI systems cancel a job with SIGTERM, which by default ends Python before anybody can say a word. Forked children keep
the default: tests start and terminate them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

_TERM = frozenset({signal.SIGTERM})


class TermSignal:
    """Takes SIGTERM while a run goes on, if nobody else has."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._received = False
        self._forking = threading.local()
        # Bound once: a bound method is a new object each time, and it is compared below.
        self._taker = self._take

    @property
    def _is_taken(self) -> bool:
        return signal.getsignal(signal.SIGTERM) == self._taker

    def watch(self) -> None:
        """Take the signal where that is possible: in the main thread, with its default action, not on Windows."""
        is_possible = threading.current_thread() is threading.main_thread() and hasattr(os, "register_at_fork")
        if is_possible and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._taker)
            os.register_at_fork(before=self._hold, after_in_parent=self._let_go, after_in_child=self._reset)

    def release(self) -> None:
        """Give the signal back; a process that received it ends by it now, with the exit code of that."""
        if self._is_taken:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self._received:
            sys.stdout.flush()
            sys.stderr.flush()
            os.kill(self._pid, signal.SIGTERM)

    def _take(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the run; a second signal has the default action."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._received = True
        raise KeyboardInterrupt("SIGTERM")

    def _hold(self) -> None:
        """Hold the signal back during a fork: Python forgets one that reaches a child before it is ready."""
        self._forking.was_free = self._is_taken and signal.SIGTERM not in signal.pthread_sigmask(
            signal.SIG_BLOCK, _TERM
        )

    def _let_go(self) -> None:
        if self._forking.was_free:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _TERM)

    def _reset(self) -> None:
        """Give the signal its default action in a child, then let a held one through."""
        if self._is_taken:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._let_go()
