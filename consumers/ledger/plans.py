"""What an event comes to, before it is written: a state, and one delivery for each recipient. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.ledger.recording import Arrival
from consumers.ledger.runs import RunRecord
from consumers.ledger.scopes import Scopes
from consumers.ledger.states import DeliveryState, EventState
from profiles.profile import Profile


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """One delivery to be written. `recipient_key` is what makes two addresses the same."""

    recipient: str
    recipient_key: str
    state: DeliveryState
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an event comes to: a state with its reason, and deliveries when it is planned.

    `run` is what reports need of it when it is a finished run. `answer` is the event that it is answered by; it is
    recorded in the same transaction, and planned next. `scopes` say what its mail is about.
    """

    row_id: int
    state: EventState
    now: int
    reason: str | None = None
    detail: str | None = None
    profile: Profile | None = None
    deliveries: tuple[PlannedDelivery, ...] = ()
    run: RunRecord | None = None
    answer: Arrival | None = None
    scopes: Scopes | None = None
