"""The backlog: what waits on the queues and in the ledger. Read now and then by the clock, never for a scrape.

Nothing here grows with the history: only states that wait for somebody are counted, and each only up to a limit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, literal, select

from consumers.ledger.states import WAITING, DeliveryState, EventState
from consumers.ledger.tables import deliveries, events
from worker.broker import QueueBroker

#: Rows of one state that are counted; more are shown as so many.
MOST_COUNTED = 10_000
#: States in which something waits, for its time, for a worker or for a person.
WAITING_DELIVERIES = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.DEFERRED,
    DeliveryState.HELD,
    DeliveryState.UNCERTAIN,
    DeliveryState.QUARANTINED,
)
WAITING_EVENTS = (EventState.ACCEPTED, EventState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages that wait on a queue, and the seconds that the first has waited; None when that cannot be read."""

    messages: int
    delayed: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class LedgerBacklog:
    """Rows that wait, by state, at most MOST_COUNTED of each, and the seconds that the longest has been due."""

    events: dict[str, int]
    deliveries: dict[str, int]
    due_seconds: float


def read_ledger_backlog(connection: Connection, now: int) -> LedgerBacklog:
    """Count what waits in the ledger at `now` (milliseconds UTC)."""
    due = connection.execute(
        select(func.min(deliveries.c.due_at)).where(deliveries.c.state.in_(WAITING), deliveries.c.due_at <= now)
    ).scalar()
    return LedgerBacklog(
        events={state.value: _count(connection, events, state) for state in WAITING_EVENTS},
        deliveries={state.value: _count(connection, deliveries, state) for state in WAITING_DELIVERIES},
        due_seconds=max(0, now - due) / 1000 if due is not None else 0.0,
    )


def _count(connection: Connection, table: Any, state: str) -> int:
    some = select(literal(1)).where(table.c.state == state).limit(MOST_COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def read_queue(broker: QueueBroker, name: str, now: int) -> Queue:
    """Read what waits on a queue at `now` (milliseconds UTC)."""
    key = f"{broker.namespace}:{name}"
    client: Any = broker.client
    with client.pipeline(transaction=False) as pipeline:
        pipeline.llen(key)
        pipeline.llen(f"{key}.DQ")
        pipeline.lindex(key, 0)
        messages, delayed, first = pipeline.execute()
    body = client.hget(f"{key}.msgs", first) if first is not None else None
    published = _published_at(body) if body is not None else None
    return Queue(messages, delayed, 0.0 if first is None else _age(published, now))


def _age(published: int | None, now: int) -> float | None:
    return max(0, now - published) / 1000 if published is not None else None


def _published_at(body: bytes) -> int | None:
    """Return the time in a queue message, which anybody may have written."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    value = found.get("message_timestamp") if isinstance(found, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
