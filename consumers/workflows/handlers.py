"""Python handlers: functions that other distributions name in the entry point group `runmail.workflows`.

A handler takes one event and returns nothing; an exception means "again later". A faulty entry point is named and
costs the others nothing. This file knows nothing of the ledger.
"""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from consumers.contract.outgoing_events import OutgoingEvent
from consumers.workflows.outcome import Outcome, Verdict

GROUP = "runmail.workflows"
#: Characters of a handler's name; longer ones are refused.
MOST_NAME = 200

Handle = Callable[[OutgoingEvent], None]


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler as it was found: `call`, or the `fault` for which there is none; `place` is `module:function`."""

    name: str
    place: str
    call: Handle | None
    fault: str | None = None


def installed() -> list[EntryPoint]:
    """Return the entry points of everything that is installed beside runmail, by name."""
    return sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))


def find_handlers(points: Iterable[EntryPoint]) -> dict[str, Handler]:
    """Load each entry point; of two with one name the first stands, and both are faulty only if it is."""
    found: dict[str, Handler] = {}
    for point in points:
        if point.name not in found and 0 < len(point.name) <= MOST_NAME:
            found[point.name] = _load(point)
    return found


def _load(point: EntryPoint) -> Handler:
    try:
        call = point.load()
    except BaseException as error:  # noqa: BLE001 - a stranger's module may even exit: it stops nothing else
        return Handler(point.name, point.value, None, where(error))
    if not callable(call):
        return Handler(point.name, point.value, None, "is no function")
    return Handler(point.name, point.value, call)


class Running:
    """One run of a handler in a thread of its own, which nobody can end but itself."""

    def __init__(self, handle: Handle, event: OutgoingEvent) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Outcome] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, args=(handle, event), name="workflow", daemon=True)
        self._thread.start()

    async def outcome(self, seconds: float) -> Outcome:
        """Wait for the end; after `seconds` it is `timed_out`, while the thread goes on."""
        try:
            return await asyncio.wait_for(asyncio.shield(self.ended), seconds)
        except TimeoutError:
            return Outcome(Verdict.AGAIN, "timed_out")

    def _run(self, handle: Handle, event: OutgoingEvent) -> None:
        try:
            handle(event)
            outcome = Outcome(Verdict.DONE)
        except BaseException as error:  # noqa: BLE001 - a stranger's function: whatever it raises is its failure
            outcome = Outcome(Verdict.AGAIN, "raised", where(error))
        try:
            self._loop.call_soon_threadsafe(self._end, outcome)
        except RuntimeError:
            return  # the loop has ended: the lease will, and the event is delivered again

    def _end(self, outcome: Outcome) -> None:
        if not self.ended.done():
            self.ended.set_result(outcome)


def where(error: BaseException) -> str:
    """Say what was raised and where; not its text, which may repeat what a mail says."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
