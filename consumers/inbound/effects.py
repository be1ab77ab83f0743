"""effects: what a command brings about, in the transaction of the reply that brought it.

Who may command was decided before (`authority`); whether this mail can be answered so, and whether the command was
given before, is decided here, because it needs the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from consumers.inbound.announcements import Occasion, shown
from consumers.inbound.authority import RERUNS, Grant, Refusal
from consumers.inbound.reading.commands import Command, CommandName
from consumers.inbound.told import Told
from consumers.ledger.acknowledging import acknowledge
from consumers.ledger.announcing import Announcement
from consumers.ledger.issued import Issued
from consumers.ledger.issuing import IssuedCommand, find_issuer, issue
from consumers.ledger.mutes import Silence, silence, unsilence
from consumers.ledger.scopes import scope
from consumers.ledger.states import MUTED, STOPPED

#: Characters that are kept of what a mute or an acknowledgement is about.
MAX_ABOUT = 200


@dataclass(frozen=True, slots=True)
class Order:
    """A command that may take effect: in answer to which delivery, about what, by whom."""

    command: Command
    grant: Grant
    issued: Issued
    told: Told
    occasion: Occasion

    @property
    def now(self) -> int:
        """The moment at which it takes effect, in milliseconds UTC."""
        return self.occasion.now

    @property
    def thread(self) -> str:
        """The scope of the conversation."""
        return scope(self.occasion.profile_id, self.told.thread_key)

    @property
    def topic(self) -> str:
        """The scope of what a recipient may stop."""
        return scope(self.occasion.profile_id, self.told.topic_key)

    @property
    def about(self) -> str:
        """What it is about, for people."""
        return self.told.topic[:MAX_ABOUT]


def carry_out(connection: Connection, order: Order) -> list[Announcement] | Refusal:
    """Let a command take effect; return the events that tell of it, or why it has none."""
    name = order.command.name
    if name is CommandName.HELP:
        return []
    if name is CommandName.ACK and order.told.severity is None:
        return Refusal.NOTHING_TO_ACKNOWLEDGE
    if name in RERUNS and not order.told.run:
        return Refusal.NOTHING_TO_RERUN
    words = str(order.command)
    before = find_issuer(connection, order.issued.delivery_id, words)
    if before is not None and before != order.occasion.reply_id:
        return Refusal.DONE_BEFORE
    events: list[Announcement] = []
    if before is None:
        by = order.grant.by.wire
        issue(connection, IssuedCommand(order.issued.delivery_id, words, order.occasion.reply_id, by), order.now)
        events += EFFECTS[name](connection, order)
    told = order.told
    rerun = {"failed_tests": list(told.failed_tests), "failed_total": told.failed_total} if name in RERUNS else {}
    issued = order.occasion.event(
        "command.issued",
        command=words,
        issued_by=order.grant.by.wire,
        until=shown(order.grant.until),
        **rerun,
    )
    return [issued, *events]


def _acknowledge(connection: Connection, order: Order) -> list[Announcement]:
    assert order.told.severity is not None
    acknowledge(
        connection,
        profile_id=order.occasion.profile_id,
        scope=order.thread,
        severity=order.told.severity,
        taken_by=order.grant.by.wire,
        about=order.about,
        event_row=order.issued.event_row,
        now=order.now,
    )
    return []


def _mute(connection: Connection, order: Order) -> list[Announcement]:
    silence(connection, _silence(order, order.thread), order.now)
    thread = order.about
    return [order.occasion.event("recipient.suppressed", reason=MUTED, thread=thread, until=shown(order.grant.until))]


def _stop(connection: Connection, order: Order) -> list[Announcement]:
    silence(connection, _silence(order, order.topic), order.now)
    named = {"suite": order.about} if order.told.run else {"thread": order.about}
    return [order.occasion.event("recipient.suppressed", reason=STOPPED, **named)]


def _unmute(connection: Connection, order: Order) -> list[Announcement]:
    unsilence(connection, order.thread, order.issued.recipient_key, MUTED)
    return []


def _start(connection: Connection, order: Order) -> list[Announcement]:
    unsilence(connection, order.topic, order.issued.recipient_key, STOPPED)
    return []


def _rerun(connection: Connection, order: Order) -> list[Announcement]:
    """The event that tells of the command is all there is to it."""
    return []


def _silence(order: Order, of: str) -> Silence:
    return Silence(
        profile_id=order.occasion.profile_id,
        scope=of,
        recipient=order.issued.recipient,
        recipient_key=order.issued.recipient_key,
        about=order.about,
        asked_by=order.grant.by.wire,
        delivery_id=order.issued.delivery_id,
        until=order.grant.until,
    )


EFFECTS: Mapping[CommandName, Callable[[Connection, Order], list[Announcement]]] = {
    CommandName.ACK: _acknowledge,
    CommandName.MUTE: _mute,
    CommandName.UNMUTE: _unmute,
    CommandName.STOP: _stop,
    CommandName.START: _start,
    CommandName.RERUN: _rerun,
    CommandName.RERUN_FAILED: _rerun,
}
