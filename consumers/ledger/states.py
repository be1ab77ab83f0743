"""The states of events, deliveries and attempts. This file is their specification.

Events
    accepted      recorded, not yet planned
    planned       every recipient has a delivery
    skipped       needs no mail; the reason is named
    quarantined   cannot be planned until a person mends something; the reason is named

Deliveries
    pending       due, nobody is working on it
    sending       claimed by a worker under a lease
    deferred      tried or delayed; due again at a known time
    held          waits for a person, a disabled profile or an open breaker; the reason is named
    sent          the receiving server answered 250
    failed        given up; the reason is named
    suppressed    not written to by a rule; the rule is named
    uncertain     the link or the worker died between DATA and the server's answer; with a due time it is looked for
                  in the mailbox of its sender, without one it waits for a person
    quarantined   cannot be sent as it is: an unusable address, a message that would not be what was meant

Attempts
    unknown       between DATA and its answer; stays so for ever when the answer never came
    taken         answered 250
    deferred      failed in a way that may pass
    refused       failed in a way that will not pass
    stopped       not begun on the wire: quarantined or taken away before
"""

from __future__ import annotations

from enum import StrEnum


class EventState(StrEnum):
    """Where an event is; see the module."""

    ACCEPTED = "accepted"
    PLANNED = "planned"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"


class DeliveryState(StrEnum):
    """Where a delivery is; see the module."""

    PENDING = "pending"
    SENDING = "sending"
    DEFERRED = "deferred"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"
    QUARANTINED = "quarantined"


class AttemptOutcome(StrEnum):
    """How an attempt ended; see the module."""

    UNKNOWN = "unknown"
    TAKEN = "taken"
    DEFERRED = "deferred"
    REFUSED = "refused"
    STOPPED = "stopped"


class Bounced(StrEnum):
    """What is known later of a mail that a server took: it did not arrive, for good or this time."""

    HARD = "hard"
    SOFT = "soft"


#: Reasons of `suppressed` deliveries, each the name of a rule: the address bounces, an operator says so, the recipient
#: wants nothing about this for a while or any more, somebody has taken the alert in hand.
HARD_BOUNCES = "hard_bounces"
BY_OPERATOR = "by_operator"
MUTED = "muted"
STOPPED = "stopped"
ACKNOWLEDGED = "acknowledged"

#: States in which a delivery waits for a worker once its time has come.
WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)

#: Starts without an end after which an input is taken for the reason of the crashes.
MAX_STARTS = 3
