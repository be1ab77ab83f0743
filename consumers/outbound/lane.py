"""A lane: everything one worker process sends for one profile.

Each profile has its own lane with its own connections, so a server that hangs delays nobody else's mail. A lane
claims small groups, just before its senders need them, and sleeps when nothing is due. A bell wakes it; bells
that ring while it works cost nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from consumers.ledger.claiming import Claimed, ClaimRequest, claim
from consumers.ledger.settling import GiveBack, give_back
from consumers.ledger.writer import LedgerAway, LedgerWriter
from consumers.outbound.delivery_path import DeliveryPath
from consumers.outbound.drafts import DraftBook
from consumers.outbound.links import IDLE_SECONDS, LinkKeeper, OpenLink
from profiles.profile import Profile

log = structlog.get_logger(__name__)

#: Deliveries claimed for each sender: enough that a claim is no longer than a small part of sending them.
CLAIMS_PER_SENDER = 8
#: Part of the lease after which a claim that nobody has begun is given back.
STALE_PART = 0.3


@dataclass(frozen=True, slots=True)
class LaneParts:
    """What every lane of a process shares."""

    writer: LedgerWriter
    path: DeliveryPath
    drafts: DraftBook
    open_link: OpenLink
    find_profile: Callable[[int], Profile | None]
    owner: str
    lease_seconds: float
    now: Callable[[], int]


class Lane:
    """Sends for one profile until stopped. Lives in one event loop."""

    def __init__(self, profile_id: int, parts: LaneParts) -> None:
        self._id = profile_id
        self._parts = parts
        self._bell = asyncio.Event()
        self._claimed: deque[Claimed] = deque()
        self._claimed_at = 0.0
        self._profile: Profile | None = None
        self._claiming = asyncio.Lock()
        self._senders: list[asyncio.Task[None]] = []
        self._stopping = False
        #: Senders that wait for the bell; when there is none, a bell begins a new one.
        self._listening = 0
        self._settling: set[asyncio.Future[bool]] = set()

    @property
    def in_hand(self) -> int:
        """Deliveries that are claimed and not begun."""
        return len(self._claimed)

    def ring(self) -> None:
        """Say that something may be due."""
        self._bell.set()
        if self._listening == 0:
            self._grow()

    async def stop(self) -> None:
        """Finish the mails in flight, give back what was not begun, close the connections."""
        self._stopping = True
        self._bell.set()
        await asyncio.gather(*self._senders, return_exceptions=True)
        await self._give_back()
        await asyncio.gather(*self._settling, return_exceptions=True)

    async def _send(self) -> None:
        """Be one sender: take a delivery, send it, take the next; end after idling."""
        links = LinkKeeper(self._parts.open_link)
        try:
            while not self._stopping:
                claimed = await self._next()
                if claimed is None:
                    if not await self._hear_bell():
                        return
                    continue
                profile = self._profile
                assert profile is not None
                if self._claimed:
                    self._grow()
                await self._deliver(claimed, profile, links)
        finally:
            await links.close()

    async def _deliver(self, claimed: Claimed, profile: Profile, links: LinkKeeper) -> None:
        try:
            settling = await self._parts.path.deliver(claimed, profile, links)
        except LedgerAway:
            # Not sent and not settled: the lease ends and the sweep takes it back.
            log.warning("ledger_away_while_sending", delivery=claimed.id)
            await links.close()
        except Exception as error:
            log.exception("delivery_broke", delivery=claimed.id, error=type(error).__name__)
            await links.close()
        else:
            self._settling.add(settling)
            settling.add_done_callback(partial(_settled, self._settling, claimed.id))

    async def _next(self) -> Claimed | None:
        """Return the next claimed delivery, claiming a group when none is left."""
        async with self._claiming:
            if self._claimed and time.monotonic() - self._claimed_at > self._parts.lease_seconds * STALE_PART:
                await self._give_back()
            if not self._claimed and not self._stopping:
                self._bell.clear()
                await self._claim()
            return self._claimed.popleft() if self._claimed and not self._stopping else None

    async def _claim(self) -> None:
        parts = self._parts
        profile = await asyncio.to_thread(parts.find_profile, self._id)
        if profile is None or not profile.enabled:
            return
        self._profile = profile
        request = ClaimRequest(
            profile_id=self._id,
            owner=parts.owner,
            most=profile.connections * CLAIMS_PER_SENDER,
            lease_seconds=parts.lease_seconds,
            now=parts.now(),
            limits=profile.limits,
            known_events=parts.drafts.known(),
        )
        began = time.monotonic()
        try:
            found = await asyncio.wrap_future(parts.writer.submit(claim, request))
        except LedgerAway:
            return
        parts.drafts.learn(found.bodies)
        self._claimed.extend(found.deliveries)
        self._claimed_at = began
        if found.wait and not found.deliveries:
            log.info("profile_limit_reached", profile=profile.name, wait_seconds=round(found.wait / 1000, 1))

    async def _give_back(self) -> None:
        items = [GiveBack(item.id, item.fence, self._parts.now()) for item in self._claimed]
        self._claimed.clear()
        futures = [asyncio.wrap_future(self._parts.writer.submit(give_back, item)) for item in items]
        await asyncio.gather(*futures, return_exceptions=True)

    def _grow(self) -> None:
        """Add a sender, up to the profile's connections: there is more to do than senders that are free."""
        self._senders = [task for task in self._senders if not task.done()]
        most = self._profile.connections if self._profile is not None else 1
        if len(self._senders) < most and not self._stopping:
            self._senders.append(asyncio.get_running_loop().create_task(self._send()))

    async def _hear_bell(self) -> bool:
        """Wait for the bell; False when it was silent for so long that this sender and its connection end."""
        if self._stopping:
            return False
        self._listening += 1
        try:
            await asyncio.wait_for(self._bell.wait(), IDLE_SECONDS)
        except TimeoutError:
            return False
        finally:
            self._listening -= 1
        return True


def _settled(settling: set[asyncio.Future[bool]], delivery_id: int, future: asyncio.Future[bool]) -> None:
    settling.discard(future)
    error = future.exception() if not future.cancelled() else None
    if error is not None:
        log.error("settlement_lost", delivery=delivery_id, error=type(error).__name__)
    elif not future.cancelled() and not future.result():
        log.warning("settlement_too_late", delivery=delivery_id)
