"""act: what one understood mail that answers a delivery brings about. Written in the transaction of its row.

A reply is announced. A command takes effect and is announced, or is refused with a named reason. A bounce becomes a
later fact on its delivery, and may suppress an address. Nothing else changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from consumers.inbound.announcements import MAX_TEXT, Occasion, shown
from consumers.inbound.authority import Grant, Refusal, Rules, decide
from consumers.inbound.effects import Order, carry_out
from consumers.inbound.matching import Match
from consumers.inbound.reading.commands import Command, CommandName
from consumers.inbound.reading.outcome import Bounce, BounceReason, Outcome, Reading
from consumers.inbound.told import Told
from consumers.ledger.announcing import Announcement
from consumers.ledger.bounces import record_bounce
from consumers.ledger.issued import Issued
from consumers.ledger.states import HARD_BOUNCES, Bounced
from consumers.ledger.suppressions import count_bounce
from profiles.addresses import UnusableAddress, read_address

#: What an unsubscription asks for.
UNSUBSCRIBE = Command(CommandName.STOP)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a mail brought about: the events that tell of it, and why its command had no effect."""

    events: tuple[Announcement, ...] = ()
    refusal: Refusal | None = None


NOTHING = Deed()


def act(
    connection: Connection, reading: Reading, match: Match, told: Told | None, rules: Rules, occasion: Occasion
) -> Deed:
    """Let a mail have its effects."""
    if reading.outcome is Outcome.BOUNCE:
        return Deed(tuple(_bounce(connection, reading, match.issued, occasion)))
    received = _received(reading, occasion)
    command = UNSUBSCRIBE if reading.outcome is Outcome.UNSUBSCRIBE else reading.command
    if command is None or told is None:
        return Deed((received,))
    decided = _decide(command, reading, match, rules, occasion)
    if isinstance(decided, Refusal):
        return Deed((received,), decided)
    done = carry_out(connection, Order(command, decided, match.issued, told, occasion))
    if isinstance(done, Refusal):
        return Deed((received,), done)
    return Deed((received, *done))


def _decide(command: Command, reading: Reading, match: Match, rules: Rules, occasion: Occasion) -> Grant | Refusal:
    return decide(
        command,
        sender=reading.sender,
        recipient_key=match.issued.recipient_key,
        rules=rules,
        dmarc=reading.dmarc,
        now=occasion.now,
    )


def _received(reading: Reading, occasion: Occasion) -> Announcement:
    said: dict[str, Any] = {
        "outcome": reading.outcome.value,
        "sender": reading.sender.address.wire if reading.sender.address else None,
        "subject": reading.subject,
        "text": reading.text[:MAX_TEXT],
        "message_id": reading.message_id or None,
        "received_at": shown(occasion.now),
    }
    return occasion.event("reply.received", **said)


def _bounce(connection: Connection, reading: Reading, issued: Issued, occasion: Occasion) -> list[Announcement]:
    """Record a bounce on its delivery.

    The address is only counted when the notice names it: what a list sends on to a member who has left says nothing
    of the list.
    """
    named = [bounce for bounce in reading.bounces if _key(bounce.recipient) == issued.recipient_key]
    candidates = named or list(reading.bounces)
    bounce = next((each for each in candidates if each.permanent), candidates[0] if candidates else None)
    bounce = bounce or Bounce(issued.recipient, BounceReason.SOFT)
    kind = Bounced.HARD if bounce.permanent and named else Bounced.SOFT
    if not record_bounce(connection, issued.delivery_id, kind, bounce.status, occasion.now):
        return []
    events = [
        occasion.event(
            "delivery.bounced",
            kind=kind.value,
            reason=bounce.reason.value,
            status=bounce.status or None,
            said=bounce.said or None,
        )
    ]
    if kind is Bounced.HARD:
        until = count_bounce(connection, read_address(issued.recipient), bounce.status, occasion.now)
        if until is not None:
            events.append(occasion.event("recipient.suppressed", reason=HARD_BOUNCES, until=shown(until)))
    return events


def _key(text: str) -> str | None:
    try:
        return read_address(text).key
    except UnusableAddress:
        return None
