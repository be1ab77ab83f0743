"""All lanes of one worker process, in an event loop on a thread of its own.

Bells come in from dramatiq's threads; they only wake a lane, so a slow mail server never holds one of them.
"""

from __future__ import annotations

import asyncio
import threading

import structlog

from consumers.outbound.lane import Lane, LaneParts

log = structlog.get_logger(__name__)


class Lanes:
    """Starts a lane for each profile whose bell rings."""

    def __init__(self, parts: LaneParts) -> None:
        self._parts = parts
        self._lanes: dict[int, Lane] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="lanes", daemon=True)
        self._stopped = False

    def start(self) -> None:
        """Start the event loop's thread."""
        self._thread.start()

    def ring(self, profile_id: int) -> None:
        """Wake the lane of a profile; returns at once."""
        if not self._stopped:
            self._loop.call_soon_threadsafe(self._ring, profile_id)

    def in_hand(self) -> int:
        """Return how many deliveries this process has claimed and not begun."""
        return sum(lane.in_hand for lane in list(self._lanes.values()))

    def answers(self, seconds: float) -> bool:
        """Say whether the event loop comes round within `seconds`."""
        came = threading.Event()
        try:
            self._loop.call_soon_threadsafe(came.set)
        except RuntimeError:  # the loop is closed
            return False
        return came.wait(seconds)

    def stop(self, seconds: float) -> None:
        """Finish the mails in flight, for at most `seconds`; what remains comes back when its lease ends."""
        if self._stopped:
            return
        self._stopped = True
        future = asyncio.run_coroutine_threadsafe(self._stop(), self._loop)
        try:
            future.result(timeout=seconds)
        except TimeoutError:
            log.warning("stopped_with_mails_in_flight")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _ring(self, profile_id: int) -> None:
        lane = self._lanes.get(profile_id)
        if lane is None:
            lane = self._lanes[profile_id] = Lane(profile_id, self._parts)
        lane.ring()

    async def _stop(self) -> None:
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))
        await self._parts.gate.close()
