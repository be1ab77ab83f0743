"""A lane: everything one worker process sends for one profile.

Each profile has its own lane with its own connections, so a server that hangs delays nobody else's mail. A lane
claims small groups, just before its senders need them, and sleeps when nothing is due. A bell wakes it; bells
that ring while it works cost nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from consumers.ledger.claiming import Claimed, ClaimRequest, claim
from consumers.ledger.settling import GiveBack, give_back
from consumers.ledger.writer import LedgerAway, LedgerWriter
from consumers.outbound.delivery_path import DeliveryPath
from consumers.outbound.drafts import DraftBook
from consumers.outbound.gate import Gate, NotNow
from consumers.outbound.links import IDLE_SECONDS, LinkKeeper, OpenLink
from profiles.profile import Profile

log = structlog.get_logger(__name__)

#: Deliveries claimed for each sender: enough that a claim is no longer than a small part of sending them.
CLAIMS_PER_SENDER = 8
#: Part of the lease after which a claim that nobody has begun is given back.
STALE_PART = 0.3
#: Seconds after which a sender with an idle connection looks for work by itself, where connections are few: the
#: bell may have rung in a process that gets none.
LOOK_SECONDS = 0.5
#: Seconds after which a lane that may not connect asks again at the latest; a person may have mended the profile.
MOST_DENIED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LaneParts:
    """What every lane of a process shares."""

    writer: LedgerWriter
    path: DeliveryPath
    drafts: DraftBook
    open_link: OpenLink
    gate: Gate
    find_profile: Callable[[int], Profile | None]
    owner: str
    lease_seconds: float
    now: Callable[[], int]
    #: Held while a delivery is sent that was begun before without an end: if it kills the process once more, no
    #: other such delivery is counted as begun with it.
    suspects: asyncio.Lock


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
        self._suspect_sender: asyncio.Task[None] | None = None
        #: Whether the last claim left deliveries that were begun before without an end.
        self._suspects_due = False
        #: Until when no connection may be opened, on the loop's clock; for how long; and what rings then.
        self._denied_until = self._denied_for = 0.0
        self._look_again: asyncio.TimerHandle | None = None

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
        if self._look_again is not None:
            self._look_again.cancel()
        others = [self._suspect_sender] if self._suspect_sender is not None else []
        await asyncio.gather(*self._senders, *others, return_exceptions=True)
        await self._give_back(self._take_all())
        await asyncio.gather(*self._settling, return_exceptions=True)

    async def _send(self) -> None:
        """Be one sender: take a delivery, send it, take the next; end after idling, or when it may not connect."""
        links = LinkKeeper(self._parts.open_link, self._parts.gate)
        loop = asyncio.get_running_loop()
        idle_until = loop.time() + IDLE_SECONDS
        try:
            while not self._stopping:
                claimed = await self._next()
                if claimed is None and await self._spare_for_suspects(links):
                    idle_until = loop.time() + IDLE_SECONDS
                    continue
                self._see_to_suspects()
                if claimed is None:
                    if not await self._hear_bell(idle_until, links):
                        return
                    continue
                if self._claimed:
                    self._grow()
                if not await self._attempt(claimed, links):
                    return
                idle_until = loop.time() + IDLE_SECONDS
        finally:
            await links.close()

    async def _send_suspects(self) -> None:
        """Send what was begun before without an end, while ordinary senders go on."""
        links = LinkKeeper(self._parts.open_link, self._parts.gate)
        try:
            while await self._send_suspect(links):
                pass
        finally:
            await links.close()

    async def _spare_for_suspects(self, links: LinkKeeper) -> bool:
        """Send one that was begun before over a connection that would idle; say whether one was sent.

        Where a profile has one connection, nobody else can get one for them. What other lanes began before is not
        waited for: this sender has to hear its bell.
        """
        if not self._suspects_due or not links.has_place or self._parts.suspects.locked():
            return False
        return await self._send_suspect(links)

    async def _send_suspect(self, links: LinkKeeper) -> bool:
        """Send one that was begun before; False when there is none, or no connection may be opened for it.

        No other such is sent in this process meanwhile: if one kills the process once more, the others are not
        counted as begun with it.
        """
        async with self._parts.suspects:
            found = () if self._stopping else await self._claim(suspects=True)
            return bool(found) and await self._attempt(found[0], links)

    async def _attempt(self, claimed: Claimed, links: LinkKeeper) -> bool:
        """Try one delivery; False when this sender may not connect now and has to end."""
        try:
            await self._deliver(claimed, links)
        except NotNow as denied:
            # Those who are connected go on with what is claimed; without one of them it is given back.
            alone = sum(not task.done() for task in self._senders) <= 1
            if claimed.starts or alone:
                await self._give_back([claimed])
            else:
                self._claimed.appendleft(claimed)
            if alone:
                await self._give_back(self._take_all())
            self._be_denied(denied)
            return False
        self._denied_for = 0.0
        return True

    def _be_denied(self, denied: NotNow) -> None:
        """Open no connection for a while, longer each time, then look again."""
        loop = asyncio.get_running_loop()
        self._denied_for = min(max(denied.seconds, self._denied_for * 2), MOST_DENIED_SECONDS)
        if self._look_again is not None:
            self._look_again.cancel()
        self._look_again = loop.call_later(self._denied_for, self._be_allowed)
        self._denied_until = loop.time() + self._denied_for
        log.debug("connection_denied", profile_id=self._id, reason=denied.reason)

    def _be_allowed(self) -> None:
        self._denied_until = 0.0
        self.ring()

    async def _deliver(self, claimed: Claimed, links: LinkKeeper) -> None:
        profile = self._profile
        assert profile is not None
        try:
            settling = await self._parts.path.deliver(claimed, profile, links)
        except NotNow:
            raise
        except LedgerAway:
            # Not sent, and no fault of the delivery: given back it does not count as a start without an end. If the
            # commit before DATA was made and only its answer lost, this changes nothing, and the sweep decides.
            log.warning("ledger_away_while_sending", delivery=claimed.id)
            await links.close()
            self._settle(claimed.id, asyncio.wrap_future(self._parts.writer.submit(give_back, self._returned(claimed))))
        except Exception as error:
            log.exception("delivery_broke", delivery=claimed.id, error=type(error).__name__)
            await links.close()
        else:
            self._settle(claimed.id, settling)

    def _settle(self, delivery_id: int, settling: asyncio.Future[bool]) -> None:
        """Keep the future of a write until it is made."""
        self._settling.add(settling)
        settling.add_done_callback(partial(_settled, self._settling, delivery_id))

    def _returned(self, claimed: Claimed) -> GiveBack:
        return GiveBack(claimed.id, claimed.fence, self._parts.now())

    async def _next(self) -> Claimed | None:
        """Return the next claimed delivery, claiming a group when none is left."""
        async with self._claiming:
            if self._claimed and time.monotonic() - self._claimed_at > self._parts.lease_seconds * STALE_PART:
                await self._give_back(self._take_all())
            if not self._claimed and not self._stopping:
                self._bell.clear()
                began = time.monotonic()
                self._claimed.extend(await self._claim())
                self._claimed_at = began
            return self._claimed.popleft() if self._claimed and not self._stopping else None

    async def _claim(self, *, suspects: bool = False) -> Sequence[Claimed]:
        """Claim a group, or one delivery that was begun before without an end."""
        parts = self._parts
        try:
            profile = await asyncio.to_thread(parts.find_profile, self._id)
        except LedgerAway:
            return ()
        if profile is None or not profile.enabled:
            return ()
        self._profile = profile
        request = ClaimRequest(
            profile_id=self._id,
            owner=parts.owner,
            most=profile.connections * CLAIMS_PER_SENDER,
            lease_seconds=parts.lease_seconds,
            now=parts.now(),
            limits=profile.limits,
            known_events=parts.drafts.known(),
            suspects=suspects,
        )
        try:
            found = await asyncio.wrap_future(parts.writer.submit(claim, request))
        except LedgerAway:
            return ()
        parts.drafts.learn(found.bodies)
        if found.wait and not found.deliveries:
            log.info("profile_limit_reached", profile=profile.name, wait_seconds=round(found.wait / 1000, 1))
        if not suspects:
            self._suspects_due = found.suspects_due
        return found.deliveries

    def _see_to_suspects(self) -> None:
        """Have a sender for what was begun before, unless there is one, or no connection may be opened."""
        loop = asyncio.get_running_loop()
        busy = self._suspect_sender is not None and not self._suspect_sender.done()
        if self._suspects_due and not busy and not self._stopping and loop.time() >= self._denied_until:
            self._suspects_due = False
            self._suspect_sender = loop.create_task(self._send_suspects())

    def _take_all(self) -> list[Claimed]:
        taken = list(self._claimed)
        self._claimed.clear()
        return taken

    async def _give_back(self, claimed: Sequence[Claimed]) -> None:
        items = [self._returned(item) for item in claimed]
        futures = [asyncio.wrap_future(self._parts.writer.submit(give_back, item)) for item in items]
        await asyncio.gather(*futures, return_exceptions=True)

    def _grow(self) -> None:
        """Add a sender, up to the profile's connections: there is more to do than senders that are free."""
        self._senders = [task for task in self._senders if not task.done()]
        most = self._profile.connections if self._profile is not None else 1
        denied = asyncio.get_running_loop().time() < self._denied_until
        if len(self._senders) < most and not self._stopping and not denied:
            self._senders.append(asyncio.get_running_loop().create_task(self._send()))

    async def _hear_bell(self, idle_until: float, links: LinkKeeper) -> bool:
        """Wait for the bell; False when it was silent for so long that this sender and its connection end."""
        loop = asyncio.get_running_loop()
        left = idle_until - loop.time()
        if self._stopping or left <= 0:
            return False
        few = self._profile is not None and self._profile.limits.connections is not None
        self._listening += 1
        try:
            await asyncio.wait_for(self._bell.wait(), min(left, LOOK_SECONDS) if few and links.has_place else left)
        except TimeoutError:
            return loop.time() < idle_until
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
