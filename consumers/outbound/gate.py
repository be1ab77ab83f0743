"""The gate: whoever opens a connection to a profile's server passes it, and reports there how it went.

The places are in the ledger, so that all workers together keep to the limits of a profile and to its breaker. A
place is renewed here for as long as its connection is kept. It knows no SMTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from consumers.ledger.breakers import Change, Failure
from consumers.ledger.connecting import Entry, Opened, Renewal, enter, leave, opened, renew
from consumers.ledger.writer import LedgerAway, LedgerWriter
from profiles.errors import MailError
from profiles.profile import Profile
from profiles.verbs import Verb

log = structlog.get_logger(__name__)

#: Renewals within the time of a place: two may fail before it is lost.
RENEWALS = 3
#: Reasons of a failure at AUTH that say nothing about the login itself.
NO_LOGIN = frozenset({"timed_out", "connection_lost", "authentication_deferred", "service_closing"})


class NotNow(Exception):
    """Raised when a connection may not be opened now: a named reason, and the seconds to wait."""

    def __init__(self, reason: str, seconds: float) -> None:
        self.reason = reason
        self.seconds = seconds
        super().__init__(reason)


@dataclass(slots=True)
class Place:
    """The right to one connection, until `lost_at` of this process's own clock unless it is renewed."""

    id: int
    lost_at: float


class Gate:
    """The gate of one worker process; lives in one event loop.

    `place_seconds` is how long a place outlives its last renewal, and so what the connections of a killed worker are
    counted on for. `clock` is a clock that goes on while the process is stopped or the machine sleeps, in seconds.
    """

    def __init__(
        self,
        writer: LedgerWriter,
        *,
        owner: str,
        opening_seconds: float,
        place_seconds: float,
        now: Callable[[], int],
        clock: Callable[[], float],
    ) -> None:
        self._writer = writer
        self._owner = owner
        self._opening_seconds = opening_seconds
        self._place_seconds = place_seconds
        self._now = now
        self._clock = clock
        self._places: dict[int, Place] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def enter(self, profile: Profile, place: Place | None) -> Place:
        """Ask to open a connection; `place` is the one held already.

        Raises:
            NotNow: when all places are taken, others are opening, or the breaker is open.
            LedgerAway: when the database does not answer.
        """
        held = place.id if place is not None else None
        asked_at = self._clock()
        entry = Entry(profile.id, self._owner, profile.limits.connections, self._opening_seconds, held)
        answer = await asyncio.wrap_future(self._writer.submit(enter, entry))
        if answer.place is None:
            raise NotNow(answer.reason, answer.wait / 1000)
        found = Place(answer.place, asked_at + self._opening_seconds)
        self._places[found.id] = found
        if self._renewing is None:
            self._renewing = asyncio.get_running_loop().create_task(self._renew())
        return found

    async def opened(self, profile: Profile, place: Place) -> None:
        """Report that the connection is open."""
        place.lost_at = self._clock() + self._place_seconds
        await self._report(profile, Opened(profile.id, place.id, self._now(), self._place_seconds))

    async def failed(self, profile: Profile, place: Place, error: MailError) -> None:
        """Report that the connection could not be opened; its place is given up."""
        self._places.pop(place.id, None)
        report = Opened(profile.id, place.id, self._now(), self._place_seconds, kind_of(error), error.reason)
        await self._report(profile, report)

    async def _report(self, profile: Profile, report: Opened) -> None:
        change = await asyncio.wrap_future(self._writer.submit(opened, report))
        if change is Change.OPENED:
            log.error("breaker_opened", profile=profile.name, reason=report.reason)
        elif change is Change.CLOSED:
            log.warning("breaker_closed", profile=profile.name)

    def holds(self, place: Place) -> bool:
        """Say whether a place is surely still ours: false after this process was stopped for too long."""
        return place.id in self._places and self._clock() < place.lost_at

    def leave(self, place: Place) -> None:
        """Give a place back; its connection is closed. Nobody waits for it to be written."""
        if self._places.pop(place.id, None) is not None:
            self._writer.submit(leave, place.id)

    async def close(self) -> None:
        """End the renewing."""
        task, self._renewing = self._renewing, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _renew(self) -> None:
        wish = Renewal(self._owner, self._place_seconds)
        while True:
            await asyncio.sleep(self._place_seconds / RENEWALS)
            if not self._places:
                continue
            asked_at = self._clock()
            before = dict(self._places)
            try:
                held = await asyncio.wrap_future(self._writer.submit(renew, wish))
            except LedgerAway:
                continue
            for number, place in before.items():
                if number in held:
                    place.lost_at = asked_at + self._place_seconds
                elif asked_at >= place.lost_at:
                    self._places.pop(number, None)


def kind_of(error: MailError) -> Failure:
    """Say whether a failure to open a connection is one of the login, which an account may be locked for."""
    if error.verb is Verb.AUTH and error.reason not in NO_LOGIN:
        return Failure.LOGIN
    return Failure.CONNECTION
