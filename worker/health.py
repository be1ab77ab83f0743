"""Health: named checks with an end, and what they say together.

Two questions, as orchestrators ask them. `/healthz`: does this process work at all, or should it be started again?
Its answer never depends on a database or a broker, because starting again mends neither. `/readyz`: can it do its
work now? It knows neither HTTP nor what is checked.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass

#: Seconds that all checks together may take; below the usual time-outs of those who ask.
ANSWER_SECONDS = 1.5
#: Seconds an answer is used again, so that many who ask cost no more than one.
FRESH_SECONDS = 1.0


class Unwell(Exception):
    """Raised by a check that fails; the text says what was seen and holds no secret."""


#: Returns what was seen when all is well; raises Unwell, or anything else, when not.
Check = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one check came to."""

    is_well: bool
    said: str


@dataclass(frozen=True, slots=True)
class Report:
    """What several checks came to, by their names."""

    answers: dict[str, Answer]

    @property
    def is_well(self) -> bool:
        """Whether every check is."""
        return all(answer.is_well for answer in self.answers.values())

    def to_json(self) -> bytes:
        """Return the report as a JSON document."""
        checks = {name: {"ok": answer.is_well, "said": answer.said} for name, answer in self.answers.items()}
        return json.dumps({"ok": self.is_well, "checks": checks}, indent=2).encode() + b"\n"


class Checkup:
    """Runs checks side by side, each on a thread of its own and never twice at once: one that hangs holds one."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self._running: dict[str, tuple[float, Future[Answer]]] = {}
        self._lock = threading.Lock()

    def report(self) -> Report:
        """Return what every check says, within ANSWER_SECONDS."""
        deadline = time.monotonic() + ANSWER_SECONDS
        futures = {name: self._ask(name) for name in self._checks}
        return Report({name: _answer(future, deadline) for name, future in futures.items()})

    def _ask(self, name: str) -> Future[Answer]:
        """Return the answer to be of a check: one that is being made or is fresh, else a new one."""
        with self._lock:
            began, future = self._running.get(name, (0.0, None))
            if future is not None and (not future.done() or time.monotonic() - began < FRESH_SECONDS):
                return future
            future = Future()
            self._running[name] = (time.monotonic(), future)
        threading.Thread(target=_run, args=(self._checks[name], future), name=f"check-{name}", daemon=True).start()
        return future


def _run(check: Check, future: Future[Answer]) -> None:
    try:
        future.set_result(Answer(True, check()))
    except Unwell as error:
        future.set_result(Answer(False, str(error)))
    except Exception as error:  # noqa: BLE001 - whatever a driver raises means: not well; its text may hold an address
        future.set_result(Answer(False, type(error).__name__))


def _answer(future: Future[Answer], deadline: float) -> Answer:
    try:
        return future.result(timeout=max(0.0, deadline - time.monotonic()))
    except NotYet:
        return Answer(False, f"no answer within {ANSWER_SECONDS:g} s")
