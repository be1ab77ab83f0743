"""Announcing: an outgoing event is there with the commit of what it tells, once."""

from __future__ import annotations

import json

from sqlalchemy import select

from consumers.ledger.announcing import Announcement, announce
from consumers.ledger.outgoing_tables import outgoing_events
from tests.workflows.conftest import NOW, command, tell
from worker.ground import Ground


def kept(ground: Ground) -> list[tuple[str, int, bytes]]:
    with ground.engine.connect() as connection:
        query = select(outgoing_events.c.event_id, outgoing_events.c.profile_id, outgoing_events.c.body)
        return [(row.event_id, row.profile_id, row.body) for row in connection.execute(query)]


def test_an_event_is_kept_as_the_bytes_that_are_sent_later(ground: Ground) -> None:
    event = command("evt_1", labels={"größe": "ß"})

    tell(ground.engine, event, profile_id=7)

    ((event_id, profile_id, body),) = kept(ground)
    assert (event_id, profile_id) == ("evt_1", 7)
    assert json.loads(body) == event.to_json()


def test_an_event_that_was_announced_before_is_kept_once(ground: Ground) -> None:
    tell(ground.engine, command("evt_1"), command("evt_1"))
    tell(ground.engine, command("evt_1"), command("evt_2"))

    assert [event_id for event_id, _, _ in kept(ground)] == ["evt_1", "evt_2"]


def test_an_event_of_a_transaction_that_is_taken_back_never_was(ground: Ground) -> None:
    with ground.engine.connect() as connection, connection.begin() as transaction:
        announce(connection, [Announcement(command(), 1, NOW)])
        transaction.rollback()

    assert kept(ground) == []


def test_announcing_nothing_is_nothing(ground: Ground) -> None:
    tell(ground.engine)

    assert kept(ground) == []
