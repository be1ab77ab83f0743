"""Kill points: named places where the fault tests end or stop this very process. Inert everywhere else.

    FAULT_RIG_HOME=<the state folder in use>     proves that this is the rig: any other value disarms
    FAULT_RIG_KILL=after:reach_data:3            SIGKILL at the third passing of that place
    FAULT_RIG_KILL=stop:before:DOT:1             SIGSTOP instead; somebody outside lets it go on

Places are `before:`, `inside:` and `after:` a commit of the ledger writer (by the name of its step), `before:` and
`after:` an SMTP verb, a commit of the clock, a bell (`ring`) and the end of a queue message (`ack`), and `read`
around the reading of kept mails. They are put around the parts where those are built; the parts know nothing of them.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from dramatiq.middleware import Middleware
from sqlalchemy import Connection, Engine, event

from consumers.inbound.reply_path import ReplyPath
from consumers.ledger.replies import Unread
from consumers.ledger.writer import Item, LedgerWriter, Result, Step
from profiles.answers import Answer
from profiles.profile import SmtpSettings
from profiles.smtp_link import SmtpLink
from profiles.smtp_wire import SmtpWire
from profiles.verbs import Verb

#: What is called with the name of a place that is passed.
Point = Callable[[str], None]

HOME = "FAULT_RIG_HOME"
KILL = "FAULT_RIG_KILL"
#: Seconds after the final dot was written at which `sent:DOT` is passed: the rig's server answers later than that.
ON_ITS_WAY = 0.05


def read_point(environment: Mapping[str, str], home: Path) -> Point | None:
    """Return the armed point that the environment names; None outside the rig, which is nearly always.

    Raises:
        ValueError: when the rig itself names a place wrongly.
    """
    named = environment.get(KILL)
    if not named or environment.get(HOME) != str(home):
        return None
    *words, place, count = named.split(":")
    number = signal.SIGSTOP if words[:1] == ["stop"] else signal.SIGKILL
    return Trap(f"{words[-1]}:{place}", int(count), number)


class Trap:
    """Sends this process a signal when a place is passed for the nth time."""

    def __init__(self, place: str, count: int, number: signal.Signals) -> None:
        self._place = place
        self._left = count
        self._signal = number
        self._lock = threading.Lock()

    def __call__(self, place: str) -> None:
        """Note that `place` is passed."""
        if place != self._place:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                # To this very thread: one that is sent to the process lets this thread run on for a moment.
                signal.pthread_kill(threading.get_ident(), self._signal)


class PointedWriter(LedgerWriter):
    """A ledger writer whose every commit has a place before, inside and after it."""

    def __init__(self, engine: Engine, point: Point) -> None:
        super().__init__(engine)
        self._point = point
        self._steps: dict[Any, Any] = {}

    def submit(self, step: Step[Item, Result], item: Item) -> Future[Result]:
        """Hand in one item; see LedgerWriter."""
        name = step.__name__
        # One wrapper for each step, because the writer groups by identity.
        around = self._steps.setdefault(step, partial(_run_step, self._point, name, step))
        future = super().submit(around, item)
        future.add_done_callback(lambda _: self._point(f"after:{name}"))
        return future


def _run_step(
    point: Point, name: str, step: Callable[..., Sequence[Any]], connection: Connection, items: Sequence[Any]
) -> Sequence[Any]:
    point(f"before:{name}")
    answers = step(connection, items)
    point(f"inside:{name}")
    return answers


class PointedWire:
    """An SMTP wire whose every verb has a place before and after it; everything else is the wire's."""

    def __init__(self, wire: SmtpWire, point: Point) -> None:
        self._wire = wire
        self._point = point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._wire, name, value)

    async def greeting(self) -> Answer:
        """Wait for the server's greeting."""
        self._point(f"before:{Verb.GREETING}")
        answer = await self._wire.greeting()
        self._point(f"after:{Verb.GREETING}")
        return answer

    async def command(self, line: bytes, verb: Verb) -> Answer:
        """Send one line and return the answer."""
        self._point(f"before:{verb}")
        answer = await self._wire.command(line, verb)
        self._point(f"after:{verb}")
        return answer

    async def message(self, stuffed: bytes, before_dot: Callable[[], None]) -> Answer:
        """Send a message and return the verdict."""

        def at_dot() -> None:
            self._point(f"before:{Verb.DOT}")
            before_dot()

        timer = asyncio.get_running_loop().call_later(ON_ITS_WAY, self._point, f"sent:{Verb.DOT}")
        try:
            answer = await self._wire.message(stuffed, at_dot)
        finally:
            timer.cancel()
        self._point(f"after:{Verb.DOT}")
        return answer


def pointed_link(point: Point) -> type[SmtpLink]:
    """Return the class of links whose wire has places."""

    class PointedLink(SmtpLink):
        def __init__(self, settings: SmtpSettings, wire: SmtpWire) -> None:
            super().__init__(settings, PointedWire(wire, point))  # type: ignore[arg-type]

    return PointedLink


class PointedReplies(ReplyPath):
    """A path of replies with places: `before:read` (kept), `inside:read` (settled, not committed), `after:read`."""

    def __init__(self, path: ReplyPath, point: Point) -> None:
        super().__init__(path.parts)
        self._point = point

    def read_started(self, mails: Sequence[Unread]) -> None:
        """Read mails that were taken; see ReplyPath."""
        self._point("before:read")
        super().read_started(mails)
        self._point("after:read")

    def _written(self, connection: Connection, *arguments: Any) -> list[dict[str, Any]]:
        rows = super()._written(connection, *arguments)
        self._point("inside:read")
        return rows


class PointedQueue(Middleware):
    """Places around bells and the ends of queue messages."""

    def __init__(self, point: Point) -> None:
        self._point = point

    def before_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
        """Pass the place before a queue message is sent."""
        self._point("before:ring")

    def after_enqueue(self, broker: Any, message: Any, delay: Any) -> None:
        """Pass the place after a queue message was sent."""
        self._point("after:ring")

    def before_ack(self, broker: Any, message: Any) -> None:
        """Pass the place before a finished queue message leaves Redis."""
        self._point("before:ack")

    def after_ack(self, broker: Any, message: Any) -> None:
        """Pass the place after it left."""
        self._point("after:ack")


def point_commits(engine: Engine, point: Point) -> None:
    """Put places before and after every commit of an engine; for the clock, which has no writer."""
    event.listen(engine, "commit", lambda connection: point("before:clock"))
    event.listen(engine.pool, "checkin", lambda *_: point("after:clock"))
