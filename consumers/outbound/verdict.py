"""What follows from the end of an attempt: one pure function from a failure to a Settlement.

The order of the questions is the rule: was it possibly sent? can it ever work? is it too old? else later.
"""

from __future__ import annotations

from dataclasses import dataclass

from consumers.ledger.claiming import Claimed
from consumers.ledger.settling import Settlement
from consumers.ledger.states import AttemptOutcome, DeliveryState
from consumers.outbound.schedule import next_delay
from profiles.errors import ANSWER_LOST, MailError, PermanentMailError
from profiles.profile import OnUncertain

#: Milliseconds before a mail that may have been taken is looked for or sent once more: time for a server to come back
#: and to file it.
RESEND_DELAY = 30_000


@dataclass(frozen=True, slots=True)
class Case:
    """What the verdict is about. Times in milliseconds UTC; `max_age` in seconds; `chance` in 0..1."""

    claimed: Claimed
    profile_id: int
    on_uncertain: OnUncertain
    started_at: int
    now: int
    at_data: bool
    max_age: float
    chance: float
    #: Whether the mail can be looked for in the mailbox of its sender.
    can_look: bool = False


def taken(case: Case, code: int, status: str | None, answer: str) -> Settlement:
    """Settle an attempt that the server answered 250."""
    return _settle(case, DeliveryState.SENT, AttemptOutcome.TAKEN, code=code, status=status, answer=answer)


def not_sendable(case: Case, reason: str, detail: str) -> Settlement:
    """Settle a delivery that cannot be put on the wire as it is: it waits in quarantine for a person."""
    return _settle(case, DeliveryState.QUARANTINED, AttemptOutcome.STOPPED, reason=reason, answer=detail)


def failed(case: Case, error: MailError) -> Settlement:
    """Settle an attempt that ended with `error`."""
    facts = {"reason": error.reason, "code": error.code, "status": error.status, "answer": error.answer or None}
    if error.reason == ANSWER_LOST:
        return _uncertain(case, error)
    if isinstance(error, PermanentMailError):
        return _settle(case, DeliveryState.FAILED, AttemptOutcome.REFUSED, **facts)
    delay = next_delay(case.claimed.attempts + 1, case.chance)
    if case.now + delay * 1000 - case.claimed.created_at > case.max_age * 1000:
        return _settle(case, DeliveryState.FAILED, AttemptOutcome.DEFERRED, **{**facts, "reason": "too_old"})
    due_at = case.now + round(delay * 1000)
    return _settle(case, DeliveryState.DEFERRED, AttemptOutcome.DEFERRED, due_at=due_at, **facts)


def _uncertain(case: Case, error: MailError) -> Settlement:
    """Settle an attempt whose answer never came: looked for first, sent once more by rule, or left to a person."""
    resend = case.on_uncertain is OnUncertain.RESEND and not case.claimed.maybe_twice and not case.can_look
    return _settle(
        case,
        DeliveryState.DEFERRED if resend else DeliveryState.UNCERTAIN,
        AttemptOutcome.UNKNOWN,
        reason=error.reason,
        answer=error.answer or None,
        due_at=case.now + RESEND_DELAY if resend or case.can_look else None,
        maybe_twice=True,
    )


def _settle(case: Case, state: DeliveryState, outcome: AttemptOutcome, **facts: object) -> Settlement:
    maybe_twice = bool(facts.pop("maybe_twice", False)) or case.claimed.maybe_twice
    return Settlement(
        delivery_id=case.claimed.id,
        fence=case.claimed.fence,
        profile_id=case.profile_id,
        state=state,
        outcome=outcome,
        started_at=case.started_at,
        now=case.now,
        at_data=case.at_data,
        maybe_twice=maybe_twice,
        **facts,  # type: ignore[arg-type]
    )
