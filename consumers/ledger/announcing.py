"""The verb announce: write down what runmail publishes, in the transaction of what it tells.

An event that is committed is delivered at least once to everything that wants it; one that is not committed never
was. This file knows nothing of handlers and webhooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select

from consumers.contract.outgoing_events import OutgoingEvent
from consumers.ledger.outgoing_tables import outgoing_events

KNOWN = select(outgoing_events.c.event_id).where(outgoing_events.c.event_id.in_(bindparam("ids", expanding=True)))
INSERT = insert(outgoing_events)


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event and whose it is; `now` in milliseconds since 1970 UTC."""

    event: OutgoingEvent
    profile_id: int
    now: int


def announce(connection: Connection, events: Sequence[Announcement]) -> None:
    """Write events down; one whose id is known already is left out, so that a step may be run again.

    Raises:
        sqlalchemy.exc.IntegrityError: when another process wrote an id down in the same moment; run again.
    """
    if not events:
        return
    known = set(connection.execute(KNOWN, {"ids": [each.event.id for each in events]}).scalars())
    rows = {
        each.event.id: {
            "event_id": each.event.id,
            "type": each.event.type,
            "profile_id": each.profile_id,
            "body": each.event.to_json_text().encode("utf-8"),
            "created_at": each.now,
        }
        for each in events
        if each.event.id not in known
    }
    if rows:
        connection.execute(INSERT, list(rows.values()))
