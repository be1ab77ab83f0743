"""The herald: brings outgoing events to handlers and webhooks, in one thread of a worker process.

The way of an event: announced in the commit of what it tells (`ledger.announcing`) → routed to what wants it
(`ledger.routing`) → claimed, delivered, settled here, again by `outcome.PAUSES` until it is done or dead. Each target
has a task of its own, so that one that hangs delays nobody else. At least once, in no promised order. A ring costs
nothing while everything is done; the clock rings for what is due. The herald knows neither dramatiq nor Redis.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from consumers.contract.malformed import MalformedEvent
from consumers.contract.reading import read_outgoing_event
from consumers.contract.strict_json import read_json
from consumers.ledger.outgoing import Claim, Claimed, Target, claim_outgoing, settle_outgoing
from consumers.ledger.outgoing_tables import OutgoingState, TargetKind
from consumers.ledger.routing import MOST_EVENTS, Routing, route
from consumers.ledger.writer import LedgerAway, LedgerWriter
from consumers.workflows.handlers import Handler, Running
from consumers.workflows.outcome import Outcome, Verdict, most_attempts, settlement
from consumers.workflows.webhook_delivery import GONE, Send, deliver_to_webhook

log = structlog.get_logger(__name__)

#: Seconds a lease lasts beyond the time an attempt may take.
LEASE_MARGIN = 15.0
#: Seconds that the thread gets to end when what is on its way has been given up.
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Signed:
    """What it takes to send to a webhook: its address and the secrets that sign, the newest first."""

    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeraldParts:
    """What the herald is built of. Times in seconds, `now` returns milliseconds since 1970 UTC."""

    writer: LedgerWriter
    #: Returns the targets that have something due.
    due: Callable[[], list[Target]]
    handlers: Mapping[str, Handler]
    send: Send
    #: Returns what it takes to send to a webhook, or the outcome of every delivery to it.
    webhook: Callable[[int], Signed | Outcome]
    #: Sends to a webhook no more, for a named reason.
    switch_off: Callable[[int, str], object]
    handler_seconds: float
    webhook_seconds: float
    now: Callable[[], int]
    chance: Callable[[], float]


class Herald:
    """Delivers until stopped."""

    def __init__(self, parts: HeraldParts) -> None:
        self._parts = parts
        self._loop = asyncio.new_event_loop()
        self._rung = asyncio.Event()
        self._stopping = False
        self._busy: dict[Target, asyncio.Task[None]] = {}
        self._thread = threading.Thread(target=self._run, name="herald", daemon=True)

    def start(self) -> None:
        """Name the handlers there are, and start the thread."""
        for handler in self._parts.handlers.values():
            if handler.call is None:
                log.error("workflow_unusable", handler=handler.name, place=handler.place, fault=handler.fault)
            else:
                log.info("workflow_found", handler=handler.name, place=handler.place)
        self._thread.start()

    def ring(self) -> None:
        """Look for what is to be routed and delivered; safe from every thread."""
        with contextlib.suppress(RuntimeError):  # it has ended: nobody looks any more
            self._loop.call_soon_threadsafe(self._rung.set)

    @property
    def is_busy(self) -> bool:
        """Whether anything is on its way."""
        return bool(self._busy)

    def close(self) -> None:
        """Claim nothing more."""
        self._stopping = True
        self.ring()

    def stop(self, seconds: float) -> None:
        """Claim nothing more, and wait so long for what is on its way; what is not done by then comes again."""
        self.close()
        if self._thread.ident is None:
            return  # it was never started
        self._thread.join(max(seconds, 0))
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._give_up)
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _listen(self) -> None:
        while not self._stopping:
            await self._rung.wait()
            self._rung.clear()
            if self._stopping:
                break
            try:
                await self._look()
            except LedgerAway:
                continue  # the clock rings again
            except Exception as error:
                log.exception("herald_failed", error=type(error).__name__)
        if self._busy:
            await asyncio.wait(list(self._busy.values()))

    async def _look(self) -> None:
        """Route what is new, then see that each target with something due has its task."""
        parts = self._parts
        while await self._write(route, Routing(tuple(parts.handlers), parts.now())) == MOST_EVENTS:
            pass
        for target in await asyncio.to_thread(parts.due):
            if target not in self._busy and not self._stopping:
                self._busy[target] = asyncio.create_task(self._serve(target))

    async def _serve(self, target: Target) -> None:
        """Deliver what is due to one target, one after the other."""
        deliver = self._to_handler if target.kind is TargetKind.HANDLER else self._to_webhook
        try:
            while not self._stopping and (claimed := await self._claim(target)) is not None:
                await deliver(target, claimed)
        except LedgerAway:
            return  # the lease ends, the clock rings
        except Exception as error:
            log.exception("herald_failed", target=target.name, error=type(error).__name__)
        finally:
            del self._busy[target]

    async def _claim(self, target: Target) -> Claimed | None:
        parts = self._parts
        seconds = parts.handler_seconds if target.kind is TargetKind.HANDLER else parts.webhook_seconds
        claim = Claim(target, seconds + LEASE_MARGIN, most_attempts(target.kind), parts.now())
        found: Claimed | None = await self._write(claim_outgoing, claim)
        return found

    async def _to_handler(self, target: Target, claimed: Claimed) -> None:
        handler = self._parts.handlers.get(target.name)
        if handler is None or handler.call is None:
            reason, fault = ("handler_unusable", handler.fault) if handler else ("handler_missing", None)
            await self._settle(target, claimed, Outcome(Verdict.AGAIN, reason, fault))
            return
        try:
            event = read_outgoing_event(read_json(claimed.body))
        except MalformedEvent:  # a newer program announced it: one of its workers may take it
            await self._settle(target, claimed, Outcome(Verdict.AGAIN, "event_unknown"))
            return
        running = Running(handler.call, event)
        await self._settle(target, claimed, await running.outcome(self._parts.handler_seconds))
        # One that does not end keeps its own thread and nobody else's: nothing more for it until then.
        await running.ended

    async def _to_webhook(self, target: Target, claimed: Claimed) -> None:
        parts = self._parts
        found = await asyncio.to_thread(parts.webhook, int(target.name))
        if isinstance(found, Outcome):
            await self._settle(target, claimed, found)
            return
        outcome = await deliver_to_webhook(
            parts.send, found.url, found.secrets, claimed.event_id, claimed.body, now=parts.now()
        )
        await self._settle(target, claimed, outcome)
        if outcome.reason == GONE:
            await asyncio.to_thread(parts.switch_off, int(target.name), GONE)

    async def _settle(self, target: Target, claimed: Claimed, outcome: Outcome) -> None:
        parts = self._parts
        settled = settlement(claimed, target.kind, outcome, now=parts.now(), chance=parts.chance())
        await self._write(settle_outgoing, settled)
        facts: dict[str, Any] = {"kind": target.kind.value, "target": target.name, "event_id": claimed.event_id}
        if settled.state is OutgoingState.DONE:
            log.info("outgoing_delivered", **facts)
            return
        facts.update(reason=outcome.reason, answer=outcome.answer)
        if settled.state is OutgoingState.DEAD:
            log.error("outgoing_dead", attempts=claimed.attempts, **facts)
        else:
            log.warning("outgoing_deferred", attempts=claimed.attempts, **facts)

    async def _write(self, step: Any, item: Any) -> Any:
        return await asyncio.wrap_future(self._parts.writer.submit(step, item))

    def _give_up(self) -> None:
        for task in self._busy.values():
            task.cancel()
