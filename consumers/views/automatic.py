"""Automatic answers as they are shown: which delivery answered a reply, and what an answer's delivery answered."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from consumers.ledger.tables import deliveries, events
from consumers.own_events import ANSWER_DUE


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """The delivery of an automatic answer; both are None until it is planned. `at` is in milliseconds UTC."""

    event_id: str
    at: int
    delivery: int | None
    state: str | None


def find_answers(connection: Connection, event_ids: Collection[str]) -> dict[str, GivenAnswer]:
    """Return the automatic answers with these events, by the id of the event."""
    if not event_ids:
        return {}
    rows = connection.execute(
        select(events.c.event_id, events.c.recorded_at, deliveries.c.id, deliveries.c.state)
        .join(deliveries, deliveries.c.event_row == events.c.id, isouter=True)
        .where(events.c.type == ANSWER_DUE, events.c.event_id.in_(sorted(set(event_ids))))
    )
    return {row.event_id: GivenAnswer(row.event_id, row.recorded_at, row.id, row.state) for row in rows}


def what_it_answers(connection: Connection, event_row: int) -> dict[str, int]:
    """Return the numbers of the delivery and the reply that an automatic answer is about; empty for other events."""
    body = connection.execute(select(events.c.body).where(events.c.id == event_row, events.c.type == ANSWER_DUE))
    found = body.scalar()
    if found is None:
        return {}
    told = json.loads(found)["data"]
    return {"answers_delivery": told["delivery"], "answers_reply": told["reply"]}
