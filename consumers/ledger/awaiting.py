"""The verb await: remember a run that began until its deadline, when `overdue` looks whether it reported its end.

A row is a timer and nothing else. It does not matter which of a run's two events came first, and recording a finish
costs nothing. The rows are in the database: no restart of a worker, a clock or Redis loses a deadline.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from consumers.contract import Event, RunStarted
from consumers.ledger.tables import awaited_runs


def await_finishes(connection: Connection, recorded: Sequence[tuple[int, Event, int]]) -> None:
    """Remember those of the events just recorded that say that a run began: row, event, milliseconds UTC."""
    rows = [
        {
            "event_row": row_id,
            "source": event.source,
            "finish_id": event.data.finish_id,
            "due_at": now + round(event.data.deadline_seconds * 1000),
        }
        for row_id, event, now in recorded
        if isinstance(event, RunStarted)
    ]
    if rows:
        connection.execute(insert(awaited_runs), rows)
