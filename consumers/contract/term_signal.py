"""TermSignal: SIGTERM ends a run as Ctrl-C does, so that its end can be told, and then the process as ever.

CI systems cancel a job with SIGTERM, which by default ends Python before anybody can say a word.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType


class TermSignal:
    """Takes SIGTERM while a run goes on, if nobody else has."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._received = False
        # Bound once: a bound method is a new object each time, and it is compared below.
        self._taker = self._take

    def watch(self) -> None:
        """Take the signal, where that is possible: in the main thread, and where it has its default action."""
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._taker)

    def release(self) -> None:
        """Give the signal back; a process that received it ends by it now, with the exit code of that."""
        if signal.getsignal(signal.SIGTERM) == self._taker:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self._received:
            sys.stdout.flush()
            sys.stderr.flush()
            os.kill(self._pid, signal.SIGTERM)

    def _take(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the run; a second signal, and one to a forked child, has the default action."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if os.getpid() != self._pid:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        self._received = True
        raise KeyboardInterrupt("SIGTERM")
