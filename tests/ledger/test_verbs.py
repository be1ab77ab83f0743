"""The verbs of the ledger, each on a real database: what a lost worker leaves is never lost and never doubled."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, insert, select, update

from consumers.ledger.books import read_books
from consumers.ledger.claiming import Claim, ClaimRequest, claim
from consumers.ledger.clock_lease import drop_lease, take_lease
from consumers.ledger.deciding import NotPossible, hold, release, retry
from consumers.ledger.planning import begin_planning
from consumers.ledger.settling import AtData, GiveBack, Settlement, give_back, reach_data, settle
from consumers.ledger.states import MAX_STARTS, AttemptOutcome, DeliveryState, EventState
from consumers.ledger.sweeping import sweep
from consumers.ledger.tables import attempts, deliveries, events
from consumers.ledger.waiting import profiles
from profiles.profile import Limits

NOW = 1_700_000_000_000
NO_LIMITS = Limits()


@pytest.fixture
def ledger(engine: Engine) -> Engine:
    """A profile, a planned event and three pending deliveries."""
    with engine.begin() as connection:
        connection.execute(
            insert(profiles).values(
                name="QA",
                enabled=True,
                from_address="qa@example.com",
                from_name="",
                recipients=[],
                allowed_recipients=[],
                timezone="UTC",
                note="",
                on_uncertain="resend",
                plus_addressing=False,
                smtp_host="h",
                smtp_port=25,
                smtp_security="none",
                imap_folders=[],
                created_at=0,
                updated_at=0,
            )
        )
        connection.execute(
            insert(events).values(
                source="s",
                event_id="e",
                type="t",
                profile="QA",
                body=b"{}",
                body_size=2,
                body_sha256="x",
                state=EventState.PLANNED,
                starts=0,
                recorded_at=NOW,
                updated_at=NOW,
            )
        )
        for number in range(3):
            connection.execute(
                insert(deliveries).values(
                    event_row=1,
                    recipient=f"{number}@example.com",
                    recipient_key=f"{number}@example.com",
                    profile_id=1,
                    profile="QA",
                    state=DeliveryState.PENDING,
                    due_at=NOW,
                    fence=0,
                    at_data=False,
                    starts=0,
                    attempts=0,
                    maybe_twice=False,
                    message_id="m",
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
    return engine


def take(
    ledger: Engine,
    most: int = 3,
    lease: float = 60,
    limits: Limits = NO_LIMITS,
    now: int = NOW,
    suspects: bool = False,
) -> Claim:
    with ledger.begin() as connection:
        return claim(connection, [ClaimRequest(1, "me", most, lease, now, limits, suspects=suspects)])[0]


def states(ledger: Engine) -> list[str]:
    with ledger.connect() as connection:
        return list(connection.execute(select(deliveries.c.state).order_by(deliveries.c.id)).scalars())


def settled(item: tuple[int, int], state: DeliveryState = DeliveryState.SENT, at_data: bool = True) -> Settlement:
    return Settlement(item[0], item[1], 1, state, AttemptOutcome.TAKEN, NOW, NOW, at_data)


def test_what_one_worker_claims_another_does_not_get(ledger: Engine) -> None:
    first, second = take(ledger, most=2), take(ledger, most=9)

    assert [len(first.deliveries), len(second.deliveries)] == [2, 1]
    assert first.bodies == {1: b"{}"}
    assert take(ledger).deliveries == ()


def test_an_ended_lease_before_data_is_pending_again_and_its_old_owner_is_fenced_off(ledger: Engine) -> None:
    (old, *_) = take(ledger, lease=0).deliveries
    with ledger.begin() as connection:
        swept = sweep(connection, NOW)
    assert (swept.taken_back, swept.uncertain, swept.due_profiles) == (3, 0, (1,))
    (new, *_) = take(ledger, suspects=True).deliveries

    with ledger.begin() as connection:
        assert reach_data(connection, [AtData(old.id, old.fence, 1, 60, NOW)]) == [False]
        assert settle(connection, [settled((old.id, old.fence))]) == [False]
        assert reach_data(connection, [AtData(new.id, new.fence, 1, 60, NOW)]) == [True]
        assert settle(connection, [settled((new.id, new.fence))]) == [True]


def test_a_worker_that_slept_through_its_lease_must_not_send(ledger: Engine) -> None:
    (item, *_) = take(ledger, lease=0).deliveries

    with ledger.begin() as connection:
        assert reach_data(connection, [AtData(item.id, item.fence, 1, 60, NOW)]) == [False]


def test_a_lease_of_an_earlier_boot_has_ended(ledger: Engine) -> None:
    take(ledger, lease=3600)
    with ledger.begin() as connection:
        connection.execute(update(deliveries).values(lease_epoch="an earlier boot"))
        assert sweep(connection, NOW).taken_back == 3


@pytest.mark.parametrize(("rule", "state"), [("resend", "deferred"), ("hold", "uncertain")])
def test_an_ended_lease_after_the_data_commit_is_flagged(ledger: Engine, rule: str, state: str) -> None:
    (item, *_) = take(ledger, most=1).deliveries
    with ledger.begin() as connection:
        connection.execute(update(profiles).values(on_uncertain=rule))
        assert reach_data(connection, [AtData(item.id, item.fence, 1, 0, NOW)]) == [True]
        assert sweep(connection, NOW).uncertain == 1

    with ledger.connect() as connection:
        row = connection.execute(select(deliveries).where(deliveries.c.id == item.id)).one()
        assert (row.state, row.maybe_twice, row.attempts) == (state, True, 1)
        assert connection.execute(select(attempts.c.outcome)).scalars().all() == ["unknown"]


def test_a_second_uncertainty_waits_for_a_person(ledger: Engine) -> None:
    with ledger.begin() as connection:
        connection.execute(update(deliveries).values(maybe_twice=True))
    (item, *_) = take(ledger, most=1).deliveries
    with ledger.begin() as connection:
        reach_data(connection, [AtData(item.id, item.fence, 1, 0, NOW)])
        sweep(connection, NOW)

    assert states(ledger)[0] == "uncertain"


def test_three_starts_without_an_end_are_quarantined_and_neighbours_go_on(ledger: Engine) -> None:
    with ledger.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == 1).values(starts=MAX_STARTS))

    found = take(ledger)
    assert [item.id for item in found.deliveries] == [2, 3]
    assert found.suspects_due
    assert take(ledger, suspects=True).deliveries == ()

    assert states(ledger) == ["quarantined", "sending", "sending"]
    assert not take(ledger).suspects_due


def test_what_was_started_before_is_taken_alone_and_only_when_asked_for(ledger: Engine) -> None:
    with ledger.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id != 2).values(starts=1))

    assert [item.id for item in take(ledger).deliveries] == [2]
    assert [(item.id, item.starts) for item in take(ledger, suspects=True).deliveries] == [(1, 1)]
    assert [item.id for item in take(ledger, suspects=True).deliveries] == [3]


def test_a_claim_that_was_given_back_counts_no_start(ledger: Engine) -> None:
    items = take(ledger).deliveries
    with ledger.begin() as connection:
        assert give_back(connection, [GiveBack(item.id, item.fence, NOW) for item in items]) == [True] * 3
        assert set(connection.execute(select(deliveries.c.starts)).scalars()) == {0}

    assert len(take(ledger).deliveries) == 3


def test_a_limit_is_shared_by_all_claims_and_says_how_long_to_wait(ledger: Engine) -> None:
    limits = Limits(per_minute=2)

    assert len(take(ledger, limits=limits).deliveries) == 2
    waiting = take(ledger, limits=limits, now=NOW + 1_000)
    assert waiting.deliveries == ()
    assert waiting.wait == 59_000
    assert len(take(ledger, limits=limits, now=NOW + 60_001).deliveries) == 1


def test_a_limit_per_day_holds_beside_one_per_minute(ledger: Engine) -> None:
    limits = Limits(per_minute=30, per_day=1)

    assert len(take(ledger, limits=limits).deliveries) == 1
    assert take(ledger, limits=limits, now=NOW + 3_600_000).deliveries == ()


def test_an_event_whose_planning_never_ends_is_quarantined(ledger: Engine) -> None:
    with ledger.begin() as connection:
        connection.execute(update(events).values(state=EventState.ACCEPTED, starts=0))
        connection.execute(deliveries.delete())
        for _ in range(MAX_STARTS):
            assert begin_planning(connection, [1], 30) == [b"{}"]
            assert begin_planning(connection, [1], 30) == [None]
            connection.execute(update(events).values(lease_until=0))
        assert begin_planning(connection, [1], 30) == [None]
        assert connection.execute(select(events.c.reason)).scalar() == "crashed_worker"


def test_a_persons_decisions_fit_the_state_or_are_refused_with_a_sentence(ledger: Engine) -> None:
    take(ledger, most=1)
    with ledger.begin() as connection:
        with pytest.raises(NotPossible, match="sending"):
            retry(connection, 1, NOW)
        hold(connection, 2, NOW)
        with pytest.raises(NotPossible, match="held"):
            hold(connection, 2, NOW)
        release(connection, 2, NOW)
        with pytest.raises(NotPossible, match="no delivery 99"):
            release(connection, 99, NOW)


def test_one_owner_has_a_lease_until_it_ends_or_is_dropped(ledger: Engine) -> None:
    with ledger.begin() as connection:
        assert take_lease(connection, "clock", "a", 60)
        assert take_lease(connection, "clock", "a", 60)
        assert not take_lease(connection, "clock", "b", 60)
        drop_lease(connection, "clock", "a")
        assert take_lease(connection, "clock", "b", 0)
        assert take_lease(connection, "clock", "a", 60)


def test_the_books_name_what_does_not_come_out(ledger: Engine) -> None:
    with ledger.begin() as connection:
        assert read_books(connection).balanced
        connection.execute(update(deliveries).where(deliveries.c.id == 1).values(state="mislaid"))
        connection.execute(update(events).values(state=EventState.SKIPPED))
        books = read_books(connection)

    assert not books.balanced
    assert books.problems == (
        "deliveries in unknown states: mislaid",
        "1 events have deliveries without being planned",
    )


@pytest.mark.parametrize("rule", ["resend", "hold"])
def test_an_answer_that_comes_after_its_delivery_was_flagged_takes_the_flag_away(ledger: Engine, rule: str) -> None:
    (item, *_) = take(ledger, most=1).deliveries
    with ledger.begin() as connection:
        connection.execute(update(profiles).values(on_uncertain=rule))
        reach_data(connection, [AtData(item.id, item.fence, 1, 0, NOW)])
        assert sweep(connection, NOW).uncertain == 1
        assert settle(connection, [settled((item.id, item.fence))]) == [True]
        row = connection.execute(select(deliveries.c.state, deliveries.c.maybe_twice, deliveries.c.due_at)).first()
        outcome = connection.execute(select(attempts.c.outcome)).scalar_one()

    assert (row, outcome) == (("sent", False, None), "taken")


def test_an_answer_that_comes_after_its_delivery_was_claimed_anew_changes_nothing(ledger: Engine) -> None:
    (old, *_) = take(ledger, most=1).deliveries
    with ledger.begin() as connection:
        connection.execute(update(profiles).values(on_uncertain="resend"))
        reach_data(connection, [AtData(old.id, old.fence, 1, 0, NOW)])
        sweep(connection, NOW)
    (new, *_) = take(ledger, most=1).deliveries

    with ledger.begin() as connection:
        assert (new.id, new.maybe_twice) == (old.id, True)
        assert settle(connection, [settled((old.id, old.fence))]) == [False]
        assert settle(connection, [settled((new.id, new.fence))]) == [True]
