"""DaemonCall: a function's call that is waited for only so long, and that nothing waits for at the program's end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class StillRunning(Exception):
    """Raised when a call has not ended in the time given; it goes on meanwhile."""


class DaemonCall(Generic[T]):
    """Calls a function in a thread of its own, at once.

    A daemon thread and no executor: Python joins the threads of an executor at exit, however long they hang.
    """

    def __init__(self, function: Callable[[], T], name: str) -> None:
        self._function = function
        self._ended = threading.Event()
        self._result: list[T] = []
        self._error: Exception | None = None
        try:
            threading.Thread(target=self._run, name=name, daemon=True).start()
        except RuntimeError as error:  # the system has no thread to give
            self._error = error
            self._ended.set()

    def _run(self) -> None:
        try:
            self._result.append(self._function())
        except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._error = error
        finally:
            self._ended.set()

    def result(self, seconds: float) -> T:
        """Return what the function returned.

        Raises:
            StillRunning: when it has not ended within `seconds`.
            Exception: what the function raised.
        """
        if not self._ended.wait(seconds):
            raise StillRunning
        if self._error is not None:
            raise self._error
        return self._result[0]
