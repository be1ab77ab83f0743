"""What follows from the end of an attempt, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consumers.ledger.claiming import Claimed
from consumers.ledger.states import AttemptOutcome, DeliveryState
from consumers.outbound.schedule import DELAYS, JITTER, MaxAges, next_delay
from consumers.outbound.verdict import RESEND_DELAY, Case, failed, not_sendable, taken
from profiles.errors import MailError, PermanentMailError, TransientMailError
from profiles.profile import OnUncertain

CLAIMED = Claimed(1, 1, 1, "a@example.com", "id@example.com", attempts=0, maybe_twice=False, created_at=0)
CASE = Case(CLAIMED, 1, OnUncertain.RESEND, 0, 1_000, at_data=True, max_age=3600, chance=0.5)
LOST = TransientMailError("answer_lost")
LATER = TransientMailError("busy", code=451)


@pytest.mark.parametrize(
    ("case", "error", "state", "outcome", "flagged"),
    [
        # it can never work
        (CASE, PermanentMailError("refused", code=550), DeliveryState.FAILED, AttemptOutcome.REFUSED, False),
        # it may work later
        (CASE, LATER, DeliveryState.DEFERRED, AttemptOutcome.DEFERRED, False),
        # it may work later, and was flagged before: flagged for ever
        (
            replace(CASE, claimed=replace(CLAIMED, maybe_twice=True)),
            LATER,
            DeliveryState.DEFERRED,
            AttemptOutcome.DEFERRED,
            True,
        ),
        # it is too old for later
        (replace(CASE, now=4_000_000), LATER, DeliveryState.FAILED, AttemptOutcome.DEFERRED, False),
        # nobody knows: once more, by the profile's rule
        (CASE, LOST, DeliveryState.DEFERRED, AttemptOutcome.UNKNOWN, True),
        # nobody knows, however old it is
        (replace(CASE, now=4_000_000), LOST, DeliveryState.DEFERRED, AttemptOutcome.UNKNOWN, True),
        # nobody knows for the second time
        (
            replace(CASE, claimed=replace(CLAIMED, maybe_twice=True)),
            LOST,
            DeliveryState.UNCERTAIN,
            AttemptOutcome.UNKNOWN,
            True,
        ),
        # nobody knows, and the profile wants a person to decide
        (
            replace(CASE, on_uncertain=OnUncertain.HOLD),
            LOST,
            DeliveryState.UNCERTAIN,
            AttemptOutcome.UNKNOWN,
            True,
        ),
    ],
)
def test_the_verdict_on_a_failure(
    case: Case, error: MailError, state: DeliveryState, outcome: AttemptOutcome, flagged: bool
) -> None:
    settlement = failed(case, error)

    assert (settlement.state, settlement.outcome, settlement.maybe_twice) == (state, outcome, flagged)
    assert (settlement.due_at is not None) == (state is DeliveryState.DEFERRED)


def test_a_lost_answer_gives_the_server_time_before_the_second_mail() -> None:
    assert failed(CASE, LOST).due_at == CASE.now + RESEND_DELAY


def test_a_taken_mail_is_sent_and_a_broken_one_waits_in_quarantine() -> None:
    assert taken(CASE, 250, "2.0.0", "ok").state is DeliveryState.SENT
    broken = not_sendable(CASE, "wire_mismatch", "To is not the one recipient")
    assert (broken.state, broken.outcome) == (DeliveryState.QUARANTINED, AttemptOutcome.STOPPED)


def test_delays_grow_to_a_bound_and_keep_within_their_jitter() -> None:
    middle = [next_delay(tries, 0.5) for tries in range(1, 12)]

    assert middle == sorted(middle)
    assert middle[-1] == DELAYS[-1]
    assert next_delay(3, 0.0) == DELAYS[2] * (1 - JITTER)
    assert next_delay(3, 1.0) == DELAYS[2] * (1 + JITTER)


def test_greylisting_of_fifteen_minutes_is_outlasted_by_the_first_tries() -> None:
    assert sum(next_delay(tries, 0.0) for tries in range(1, 6)) > 15 * 60


def test_an_age_stands_for_its_type_and_a_default_for_the_others() -> None:
    ages = MaxAges({"runmail.alert": 60})

    assert ages.seconds("runmail.alert") == 60
    assert ages.seconds("runmail.other") > 3600
