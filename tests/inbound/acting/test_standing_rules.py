"""Rules against mail: each suppresses with its name, ends when it should, and nothing is lost silently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from consumers.ledger.acknowledging import acknowledge, find_taken
from consumers.ledger.bounce_score import HALF_LIFE, MOST_DAYS, decayed, suppressed_until, weight
from consumers.ledger.mutes import Silence, silence, unsilence
from consumers.ledger.plans import Plan, PlannedDelivery
from consumers.ledger.scopes import AlertStand, Scopes
from consumers.ledger.standing_rules import apply_rules
from consumers.ledger.states import DeliveryState, EventState
from consumers.ledger.suppressions import count_bounce, lift, suppress
from profiles.addresses import read_address
from worker.database import make_engine
from worker.migrate import migrate

NOW = 1_700_000_000_000
DAY = 86_400_000
EVA, BEN = "eva@example.com", "ben@example.com"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    migrate(engine)
    yield engine
    engine.dispose()


def plan(scopes: Scopes | None, row: int = 1, now: int = NOW, state: DeliveryState = DeliveryState.PENDING) -> Plan:
    deliveries = tuple(PlannedDelivery(each, each, state) for each in (EVA, BEN))
    return Plan(row, EventState.PLANNED, now, deliveries=deliveries, scopes=scopes)


def reasons(engine: Engine, *plans: Plan) -> list[list[str | None]]:
    """Return why each delivery of each plan is suppressed."""
    with engine.begin() as connection:
        found = apply_rules(connection, plans)
    for each in found:
        assert all((item.state is DeliveryState.SUPPRESSED) == (item.reason is not None) for item in each.deliveries)
    return [[item.reason for item in each.deliveries] for each in found]


def silent(engine: Engine, scope: str, recipient: str, until: int | None = None) -> None:
    with engine.begin() as connection:
        silence(connection, Silence(1, scope, recipient, recipient, "checkout", recipient, 1, until), NOW)


CHECKOUT = Scopes("thread", "topic")


def test_without_rules_nothing_is_suppressed(engine: Engine) -> None:
    assert reasons(engine, plan(CHECKOUT), plan(None)) == [[None, None], [None, None]]


def test_a_mute_holds_for_its_recipient_and_thread_until_it_ends(engine: Engine) -> None:
    silent(engine, "thread", EVA, until=NOW + DAY)
    assert reasons(engine, plan(CHECKOUT)) == [["muted", None]]
    assert reasons(engine, plan(Scopes("other", "topic"))) == [[None, None]]
    assert reasons(engine, plan(CHECKOUT, now=NOW + DAY - 1)) == [["muted", None]]
    assert reasons(engine, plan(CHECKOUT, now=NOW + DAY)) == [[None, None]]


def test_a_stop_holds_for_every_thread_of_the_topic_until_start(engine: Engine) -> None:
    silent(engine, "topic", EVA)
    assert reasons(engine, plan(CHECKOUT), plan(Scopes("other", "topic"), now=NOW + 1000 * DAY)) == [
        ["stopped", None],
        ["stopped", None],
    ]
    with engine.begin() as connection:
        assert unsilence(connection, "topic", EVA, "stopped")
    assert reasons(engine, plan(CHECKOUT)) == [[None, None]]


def test_a_mute_does_not_end_a_stop(engine: Engine) -> None:
    silent(engine, "both", EVA)
    silent(engine, "both", EVA, until=NOW + DAY)
    assert reasons(engine, plan(Scopes("both", "both"))) == [["stopped", None]]
    with engine.begin() as connection:
        assert unsilence(connection, "both", EVA, "muted")
    assert reasons(engine, plan(Scopes("both", "both"))) == [["stopped", None]]


@pytest.mark.parametrize("state", [DeliveryState.QUARANTINED, DeliveryState.SUPPRESSED])
def test_what_is_not_sent_anyway_keeps_its_state(engine: Engine, state: DeliveryState) -> None:
    silent(engine, "thread", EVA)
    with engine.begin() as connection:
        (ruled,) = apply_rules(connection, [plan(CHECKOUT, state=state)])
    assert [item.state for item in ruled.deliveries] == [state, state]


def alert(severity: int = 1, *, firing: bool = True) -> Scopes:
    return Scopes("alert", "alert", AlertStand(severity, firing))


def taken(engine: Engine, severity: int = 1) -> None:
    with engine.begin() as connection:
        acknowledge(
            connection,
            profile_id=1,
            scope="alert",
            severity=severity,
            taken_by=EVA,
            about="disk",
            event_row=1,
            now=NOW,
        )


def test_an_acknowledged_alert_is_repeated_to_nobody_until_it_is_resolved(engine: Engine) -> None:
    taken(engine)
    assert reasons(engine, plan(alert(), 2), plan(alert(firing=False), 3), plan(alert(), 4)) == [
        ["acknowledged", "acknowledged"],
        [None, None],
        [None, None],
    ]
    assert reasons(engine, plan(alert(), 5)) == [[None, None]]


def test_an_alert_that_gets_more_severe_is_told_all_the_same(engine: Engine) -> None:
    taken(engine, severity=1)
    assert reasons(engine, plan(alert(0), 2), plan(alert(1), 3), plan(alert(2), 4)) == [
        ["acknowledged", "acknowledged"],
        ["acknowledged", "acknowledged"],
        [None, None],
    ]


def test_an_acknowledgement_that_comes_after_the_end_stops_nothing(engine: Engine) -> None:
    reasons(engine, plan(alert(firing=False), 3))
    taken(engine)
    assert reasons(engine, plan(alert(), 4)) == [[None, None]]


def test_an_acknowledgement_holds_for_a_week_where_nobody_says_that_the_alert_is_resolved(engine: Engine) -> None:
    taken(engine)
    assert reasons(engine, plan(alert(), 4, now=NOW + 7 * DAY - 1)) == [["acknowledged", "acknowledged"]]
    assert reasons(engine, plan(alert(), 5, now=NOW + 7 * DAY)) == [[None, None]]


def test_later_mails_know_who_took_the_alert_until_it_is_resolved(engine: Engine) -> None:
    taken(engine)
    reasons(engine, plan(alert(firing=False), 3))
    with engine.connect() as connection:
        found = [find_taken(connection, "alert", row) for row in (1, 2, 3, 4)]
    assert [each and each.by for each in found] == [None, EVA, EVA, None]


def test_a_clear_hard_bounce_suppresses_for_a_week(engine: Engine) -> None:
    with engine.begin() as connection:
        assert count_bounce(connection, read_address(EVA), "5.1.1", NOW) == NOW + 7 * DAY
    assert reasons(engine, plan(None)) == [["hard_bounces", None]]
    assert reasons(engine, plan(None, now=NOW + 7 * DAY)) == [[None, None]]


def test_an_unclear_hard_bounce_suppresses_only_when_it_comes_again(engine: Engine) -> None:
    with engine.begin() as connection:
        assert count_bounce(connection, read_address(EVA), "", NOW) is None
        assert count_bounce(connection, read_address(EVA), "5.0.0", NOW) is not None


def test_who_bounces_again_is_left_alone_longer_and_longer(engine: Engine) -> None:
    now, pauses = NOW, []
    for _ in range(40):
        with engine.begin() as connection:
            until = count_bounce(connection, read_address(EVA), "5.1.1", now)
        assert until is not None
        pauses.append(until - now)
        now = until
    assert pauses[:6] == sorted(set(pauses[:6]))
    assert max(pauses) <= MOST_DAYS * DAY


def test_what_an_operator_suppresses_stays_until_it_is_lifted(engine: Engine) -> None:
    with engine.begin() as connection:
        suppress(connection, read_address(EVA), note="left us", until=None, now=NOW)
        assert count_bounce(connection, read_address(EVA), "5.1.1", NOW) is None
    assert reasons(engine, plan(None, now=NOW + 1000 * DAY)) == [["by_operator", None]]
    with engine.begin() as connection:
        assert lift(connection, EVA)
        assert not lift(connection, EVA)
    assert reasons(engine, plan(None)) == [[None, None]]


@given(st.floats(0, 100), st.integers(0, 10 * HALF_LIFE))
def test_a_score_only_ever_decays_and_no_pause_is_longer_than_the_most(score: float, age: int) -> None:
    left = decayed(score, age)
    assert 0 <= left <= score
    until = suppressed_until(left, NOW)
    assert until is None or NOW < until <= NOW + MOST_DAYS * DAY


@pytest.mark.parametrize(
    ("status", "expected"), [("5.1.1", 1), ("5.1.10", 1), ("5.2.1", 1), ("5.1.11", 0.5), ("", 0.5)]
)
def test_only_a_status_that_says_so_is_clear(status: str, expected: float) -> None:
    assert weight(status) == expected
