"""What came of an attempt to deliver an outgoing event, and what follows from it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from consumers.ledger.outgoing import Claimed, Settlement
from consumers.ledger.outgoing_tables import OutgoingState, TargetKind

#: Milliseconds before each further attempt, by kind of target. Webhooks: the schedule that Standard Webhooks gives
#: as its example, three days long, so that a receiver may be away for a weekend. Handlers run here: what fails for
#: half an hour fails for a reason that a person must look at.
PAUSES: dict[TargetKind, tuple[int, ...]] = {
    TargetKind.WEBHOOK: tuple(
        seconds * 1000 for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
    ),
    TargetKind.HANDLER: (5_000, 60_000, 300_000, 1_800_000),
}
#: Share by which a pause is longer at most: those that failed together do not come back together.
JITTER = 0.2
#: Milliseconds that a receiver may ask to be left alone.
MOST_ASKED = 86_400_000


def most_attempts(kind: TargetKind) -> int:
    """Return how often a target of this kind is tried."""
    return len(PAUSES[kind]) + 1


class Verdict(StrEnum):
    """What an attempt says of the next one."""

    DONE = "done"
    AGAIN = "again"
    #: Trying again cannot help.
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `again_after`: milliseconds the receiver asked for. `answer` holds no body."""

    verdict: Verdict
    reason: str | None = None
    answer: str | None = None
    again_after: int = 0


def settlement(claimed: Claimed, kind: TargetKind, outcome: Outcome, *, now: int, chance: float) -> Settlement:
    """Turn an outcome into what is written down; `chance` is 0 to 1 and spreads the pauses.

    After the last pause of its kind a delivery is dead, and a person may ask for it again.
    """
    pauses = PAUSES[kind]
    state, due_at = OutgoingState.DONE, None
    if outcome.verdict is not Verdict.DONE:
        state = OutgoingState.DEAD
    if outcome.verdict is Verdict.AGAIN and claimed.attempts <= len(pauses):
        pause = max(pauses[claimed.attempts - 1], min(outcome.again_after, MOST_ASKED))
        state, due_at = OutgoingState.PENDING, now + round(pause * (1 + JITTER * chance))
    return Settlement(claimed.row_id, claimed.fence, state, outcome.reason, outcome.answer, due_at, now)
