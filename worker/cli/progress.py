"""Progress: a sign of life on a terminal while a command works through many things."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console

#: Seconds after which a command shows that it is at work.
PATIENCE = 1.0

T = TypeVar("T")


class Progress:
    """Shows on a terminal that a command is at work, once it takes longer than a moment.

    A timer starts it, so that one long step shows as well as many short ones.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._status = Console(stderr=True).status(what)
        self._timer = threading.Timer(PATIENCE, self._status.start)
        self._timer.daemon = True

    def counting(self, things: Iterable[T]) -> Iterator[T]:
        """Yield `things` and show how many there were."""
        for number, thing in enumerate(things, 1):
            if number % 100 == 0:
                self.say(f"{self._what}: {number:,}")
            yield thing

    def say(self, text: str) -> None:
        """Change what is shown."""
        self._status.update(text)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._timer.is_alive():
            self._timer.join()
        self._status.stop()
