"""Facts: what happened on the way of an event, told to whoever counts or traces it.

The path tells a fact after it happened and waits for nothing; a listener must be quick and must not raise. What
is told carries names and numbers: no recipient, no text of a mail. Times are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consumers.contract.events import Event
from consumers.ledger.states import AttemptOutcome, DeliveryState, EventState


@dataclass(frozen=True, slots=True)
class Origin:
    """The event that a fact belongs to, and the trace its publisher put it in (W3C Trace Context)."""

    source: str
    event_id: str
    type: str
    traceparent: str | None = None
    tracestate: str | None = None


def origin_of(event: Event) -> Origin:
    """Return what tells an event's facts from those of others."""
    return Origin(event.source, event.id, event.type, event.traceparent, event.tracestate)


@dataclass(frozen=True, slots=True)
class EventRecorded:
    """An event was read and written down: `outcome` new, repeat or conflicting. `published_at` is the publisher's."""

    origin: Origin
    outcome: str
    published_at: int | None
    began_at: int
    ended_at: int


@dataclass(frozen=True, slots=True)
class EventRefused:
    """Bytes that are no event went to quarantine."""

    reason: str


@dataclass(frozen=True, slots=True)
class EventPlanned:
    """It was decided what an event comes to, and written down."""

    origin: Origin
    state: EventState
    reason: str | None
    deliveries: int
    began_at: int
    ended_at: int


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """One attempt came to its end and its outcome was handed to the ledger.

    `origin` is None when the event could not be read. `phases` are names with the times they were reached.
    `created_at` is when the delivery was planned.
    """

    origin: Origin | None
    delivery: int
    profile: str
    state: DeliveryState
    outcome: AttemptOutcome
    reason: str | None
    code: int | None
    created_at: int
    started_at: int
    ended_at: int
    phases: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class GroupCommitted:
    """The ledger's writer committed a group of so many items; `seconds` from its begin to the end of its commit."""

    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LedgerLost:
    """The database did not take a group; it is tried again."""


@dataclass(frozen=True, slots=True)
class TemplateFailed:
    """A mail had to be made from the built-in templates because the admin's failed."""

    template: str


Fact = EventRecorded | EventRefused | EventPlanned | AttemptEnded | GroupCommitted | LedgerLost | TemplateFailed

#: Takes a fact; quick, and raises nothing.
Tell = Callable[[Fact], None]


def untold(fact: Fact) -> None:
    """Tell nobody."""
