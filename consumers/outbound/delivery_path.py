"""The second half of an event's path: render, connect, send, settle. Read `deliver` from top to bottom.

    render   the whole message, checked byte by byte, before anything is connected
    send     MAIL, RCPT on a kept connection of the profile
    data     the commit that says DATA comes next; without it nothing is sent
    dot      one more look at the lease: who slept through it sends no final dot
    settle   the outcome and the new state in one commit

One delivery, one recipient, one transaction (RFC 5321 3.3): a refused recipient touches only itself. It knows
nothing of claims in groups (`lane`) or of the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from consumers.facts import AttemptEnded, Origin, Tell, untold
from consumers.ledger.breakers import SlowDown, slow_downs
from consumers.ledger.claiming import Claimed
from consumers.ledger.settling import AtData, Settlement, reach_data, settle
from consumers.ledger.writer import LedgerWriter
from consumers.outbound.drafts import Draft, NotSendable
from consumers.outbound.links import LinkKeeper
from consumers.outbound.schedule import MaxAges
from consumers.outbound.throttling import asks_to_slow_down
from consumers.outbound.verdict import Case, failed, not_sendable, taken
from profiles.errors import ANSWER_LOST, MailError, TransientMailError
from profiles.profile import Profile
from profiles.verbs import Verb

log = structlog.get_logger(__name__)

#: The reason of an attempt given up because its worker slept through its lease; the final dot never travelled.
LEASE_ENDED = "lease_ended"


class Drafts(Protocol):
    """Writes the message of a delivery."""

    def is_rendered(self, claimed: Claimed, profile: Profile) -> bool:
        """Say whether writing takes no longer than adding a recipient."""
        ...

    def write(self, claimed: Claimed, profile: Profile) -> Draft:
        """Return the message; raises NotSendable with a named reason."""
        ...


@dataclass(slots=True)
class _Trail:
    """What an attempt leaves behind for those who listen: its event, and the phases it reached."""

    origin: Origin | None = None
    phases: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DeliveryPath:
    """Sends one claimed delivery.

    `now` returns milliseconds UTC, `chance` a number in 0..1, `since_boot` seconds of a clock that nobody sets and
    that goes on while this process is stopped; the other times are seconds.
    """

    writer: LedgerWriter
    drafts: Drafts
    max_ages: MaxAges
    lease_seconds: float
    attempt_seconds: float
    now: Callable[[], int]
    chance: Callable[[], float]
    since_boot: Callable[[], float]
    tell: Tell = untold

    async def deliver(self, claimed: Claimed, profile: Profile, links: LinkKeeper) -> asyncio.Future[bool]:
        """Make one attempt; return the future of its settlement, which is already handed in.

        Raises:
            LedgerAway: when the commit before DATA could not be made; nothing was sent.
            NotNow: when no connection may be opened now; the delivery was not begun.
        """
        started_at = self.now()
        trail = _Trail()
        try:
            if self.drafts.is_rendered(claimed, profile):
                draft = self.drafts.write(claimed, profile)
            else:
                # Rendering takes longer than other lanes should wait.
                draft = await asyncio.to_thread(self.drafts.write, claimed, profile)
        except NotSendable as error:
            case = self._case(claimed, profile, started_at, at_data=False, event_type="")
            log.error("delivery_quarantined", delivery=claimed.id, reason=error.reason)
            return self._settle(not_sendable(case, error.reason, error.detail), claimed, profile, trail)

        trail.origin = draft.origin
        self._reach("rendered", trail)
        at_data = dot_begun = False

        def before_dot() -> None:
            nonlocal dot_begun
            self._check_lease(holds_until)
            dot_begun = True

        deadline = asyncio.get_running_loop().time() + self.attempt_seconds
        try:
            async with asyncio.timeout_at(deadline):
                link = await links.begin(profile, len(draft.message))
                self._reach("connected", trail)
                await link.rcpt_to(draft.recipient)
                self._reach("recipient_accepted", trail)
            # Taken before the commit, which gives the lease anew from a later moment: ours ends first.
            holds_until = self.since_boot() + self.lease_seconds
            # Outside the time limit: half a commit would leave nobody knowing what was written.
            at_data = await self._reach_data(claimed, profile, started_at)
            if not at_data:
                await links.reset()
                log.warning("claim_lost", delivery=claimed.id, fence=claimed.fence)
                return _done(False)
            self._reach("data_committed", trail)
            async with asyncio.timeout_at(deadline):
                self._check_lease(holds_until)
                answer = await link.data(draft.message, before_dot)
        except MailError as error:
            return await self._failed(error, claimed, profile, links, trail, started_at, at_data)
        except TimeoutError:
            reason = ANSWER_LOST if dot_begun else "timed_out"
            late = TransientMailError(reason, answer=f"no end within {self.attempt_seconds:g} s")
            return await self._failed(late, claimed, profile, links, trail, started_at, at_data)
        case = self._case(claimed, profile, started_at, at_data=True, event_type=draft.origin.type)
        log.info("delivery_sent", delivery=claimed.id, profile=profile.name, attempt=claimed.attempts + 1)
        return self._settle(taken(case, answer.code, answer.status, answer.text), claimed, profile, trail)

    def _check_lease(self, holds_until: float) -> None:
        """Raise `lease_ended` when the claim may belong to another worker by now."""
        if self.since_boot() >= holds_until:
            raise TransientMailError(LEASE_ENDED, verb=Verb.DATA)

    async def _reach_data(self, claimed: Claimed, profile: Profile, started_at: int) -> bool:
        item = AtData(claimed.id, claimed.fence, profile.id, self.lease_seconds, started_at)
        return await asyncio.wrap_future(self.writer.submit(reach_data, item))

    async def _failed(
        self,
        error: MailError,
        claimed: Claimed,
        profile: Profile,
        links: LinkKeeper,
        trail: _Trail,
        started_at: int,
        at_data: bool,
    ) -> asyncio.Future[bool]:
        await links.after(error)
        if asks_to_slow_down(error):
            # Nobody waits for it: the claims after it find it written.
            self.writer.submit(slow_downs, SlowDown(profile.id, self.now()))
            log.warning("server_asks_to_slow_down", profile=profile.name, code=error.code, status=error.status)
        event_type = trail.origin.type if trail.origin is not None else ""
        case = self._case(claimed, profile, started_at, at_data=at_data, event_type=event_type)
        settlement = failed(case, error)
        log.warning(
            "delivery_attempt_failed",
            delivery=claimed.id,
            profile=profile.name,
            attempt=claimed.attempts + 1,
            reason=error.reason,
            code=error.code,
            state=settlement.state,
        )
        return self._settle(settlement, claimed, profile, trail)

    def _case(self, claimed: Claimed, profile: Profile, started_at: int, *, at_data: bool, event_type: str) -> Case:
        return Case(
            claimed=claimed,
            profile_id=profile.id,
            on_uncertain=profile.on_uncertain,
            started_at=started_at,
            now=self.now(),
            at_data=at_data,
            max_age=self.max_ages.seconds(event_type),
            chance=self.chance(),
            can_look=profile.imap is not None,
        )

    def _settle(
        self, settlement: Settlement, claimed: Claimed, profile: Profile, trail: _Trail
    ) -> asyncio.Future[bool]:
        """Hand the settlement in, and tell how the attempt ended."""
        future = asyncio.wrap_future(self.writer.submit(settle, settlement))
        self.tell(
            AttemptEnded(
                origin=trail.origin,
                delivery=claimed.id,
                profile=profile.name,
                state=settlement.state,
                outcome=settlement.outcome,
                reason=settlement.reason,
                code=settlement.code,
                created_at=claimed.created_at,
                started_at=settlement.started_at,
                ended_at=settlement.now,
                phases=tuple(trail.phases),
            )
        )
        return future

    def _reach(self, phase: str, trail: _Trail) -> None:
        trail.phases.append((phase, self.now()))


def _done(value: bool) -> asyncio.Future[bool]:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future
