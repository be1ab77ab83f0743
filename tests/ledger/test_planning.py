"""Whose an event is to plan, and for how long, on a real database."""

from __future__ import annotations

from sqlalchemy import Engine, update

from consumers.contract import read_event
from consumers.ledger.recording import arrival, make_record, record_events
from consumers.ledger.sweeping import sweep
from consumers.ledger.tables import events
from tests.faults.inputs import alert

NOW = 1_700_000_000_000


def test_an_event_is_its_recorders_to_plan_for_the_lease_and_anyones_at_once_without_one(engine: Engine) -> None:
    published = alert("mine"), alert("anyones")
    mine, anyones = (arrival(read_event(each), each, published_at=None, now=NOW) for each in published)
    with engine.begin() as connection:
        (leased,) = make_record(3600)(connection, [mine])
        (free,) = record_events(connection, [anyones])

        assert sweep(connection, NOW).unplanned == (free.row_id,)
        connection.execute(update(events).where(events.c.id == leased.row_id).values(lease_until=0))
        assert sweep(connection, NOW).unplanned == (leased.row_id, free.row_id)
