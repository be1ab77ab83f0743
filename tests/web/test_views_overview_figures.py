"""The figures of the overview: right in small, bounded in large."""

from __future__ import annotations

from statistics import quantiles

import pytest
from sqlalchemy import Engine, func, insert, select, update

from consumers.ledger.states import DeliveryState
from consumers.ledger.tables import breakers, deliveries, events
from consumers.views.hourly_mail import HOURS, mail_by_hour
from consumers.views.last_audit import STALE, LastAudit
from consumers.views.taken_times import MOST_MEASURED, taken_times
from consumers.views.usage import LedgerUsage
from consumers.views.waiting_now import waiting_now
from tests.web.filling import HOUR, NOW, fill
from tests.web.ledgers import counting

ROWS = 1_000


@pytest.fixture(scope="module")
def filled(ledger: Engine) -> Engine:
    fill(ledger, ROWS)
    return ledger


def test_an_hour_counts_the_mails_planned_in_it_by_the_state_they_are_in(filled: Engine) -> None:
    with filled.connect() as connection:
        hours = mail_by_hour(connection, NOW)
        assert len(hours) == HOURS
        for hour in hours:
            inside = (deliveries.c.created_at >= hour.begin, deliveries.c.created_at < hour.begin + HOUR)
            query = select(deliveries.c.state, func.count().label("n")).where(*inside).group_by(deliveries.c.state)
            expected = {row.state: row.n for row in connection.execute(query)}
            assert {state: n for state, n in hour.states.items() if n} == expected
            assert not hour.estimated
    assert sum(hour.total for hour in hours) > ROWS / 3


def test_an_hour_with_too_much_to_count_is_estimated_by_its_ids_and_keeps_what_failed(filled: Engine) -> None:
    with filled.connect() as connection:
        exact = mail_by_hour(connection, NOW)
        assert mail_by_hour(connection, NOW, most_sent=15) == [
            type(hour)(hour.begin, hour.states, hour.states["sent"] >= 15) for hour in exact
        ]


def test_an_empty_ledger_has_empty_hours(filled: Engine) -> None:
    with filled.connect() as connection:
        hours = mail_by_hour(connection, NOW + 99 * HOUR)
    assert [hour.total for hour in hours] == [0] * HOURS


def test_times_to_taken_are_those_between_publishing_and_the_servers_answer(filled: Engine) -> None:
    with filled.connect() as connection:
        found = taken_times(connection)
        query = select(deliveries.c.sent_at - events.c.published_at).join(events, events.c.id == deliveries.c.event_row)
        newest = query.where(deliveries.c.state == "sent").order_by(deliveries.c.id.desc()).limit(MOST_MEASURED)
        took = [each / 1000 for each in connection.execute(newest).scalars()]
    cuts = quantiles(took, n=100, method="inclusive")
    assert (found.mails, found.p50, found.p99) == (len(took), cuts[49], cuts[98])


def test_what_waits_is_counted_and_the_oldest_due_is_named(filled: Engine) -> None:
    with filled.connect() as connection:
        waiting = waiting_now(connection, NOW)
        assert waiting.deliveries["deferred"] == ROWS // 20
        assert waiting.events["quarantined"] == ROWS // 97
        assert waiting.due_since is None
        connection.execute(
            update(deliveries).where(deliveries.c.id == 500).values(state="pending", due_at=NOW - 7 * HOUR)
        )
        connection.execute(update(events).where(events.c.id == 500).values(state="accepted"))
        later = waiting_now(connection, NOW)
        assert later.due_since == NOW - 7 * HOUR
        assert later.unplanned_since is not None


def test_a_profile_whose_latest_attempts_all_failed_is_failing_and_one_with_a_breaker_says_so(filled: Engine) -> None:
    usage = LedgerUsage(filled, lambda: NOW)
    full = usage.by_profile()
    standing = usage.standing()
    assert {key: (use.failing, use.breaker, use.last) for key, use in standing.items()} == {
        key: (use.failing, use.breaker, use.last) for key, use in full.items()
    }
    with filled.begin() as connection:
        values = {"failures": 3, "openings": 1, "slow_level": 0, "epoch": "x", "updated_at": NOW, "opened_at": NOW}
        connection.execute(insert(breakers).values(profile_id=1, reason="connection_refused", **values))
    assert usage.standing()[1].breaker == "connection_refused"


def test_figures_cost_the_same_number_of_queries_however_much_there_is(filled: Engine) -> None:
    with filled.connect() as connection:
        counts = []
        for now in (NOW + 500 * HOUR, NOW):
            with counting(filled) as counted:
                mail_by_hour(connection, now)
                taken_times(connection)
                waiting_now(connection, now)
                LedgerUsage(filled, lambda: NOW).standing()
            counts.append(len(counted))
    assert counts == [6, 6]


def test_the_books_are_added_up_beside_the_pages_and_again_when_they_are_old(filled: Engine) -> None:
    now = NOW
    audit = LastAudit(filled.connect, lambda: now)
    assert audit.look() is None
    audit.wait(60)
    first = audit.look()
    assert first is not None
    assert first.books.planned == ROWS
    assert first.books.balanced
    now += STALE
    audit.look()
    audit.wait(60)
    again = audit.look()
    assert again is not None
    assert again.at == now
    assert not audit.is_running


def test_every_state_of_a_delivery_is_counted_by_the_hour(filled: Engine) -> None:
    with filled.connect() as connection:
        assert set(mail_by_hour(connection, NOW)[0].states) == {state.value for state in DeliveryState}
