"""What the ledger knows of the deliveries that tokens speak of. Whether a token is genuine is decided elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from consumers.ledger.tables import deliveries

FIND = select(
    deliveries.c.id,
    deliveries.c.event_row,
    deliveries.c.recipient,
    deliveries.c.recipient_key,
    deliveries.c.profile_id,
).where(deliveries.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Issued:
    """A delivery whose mail carried a token: whom it was issued to, and about which event."""

    delivery_id: int
    event_row: int
    recipient: str
    recipient_key: str
    profile_id: int


def find_message_ids(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """Return the Message-IDs of deliveries, without brackets, by id."""
    wanted = select(deliveries.c.id, deliveries.c.message_id).where(deliveries.c.id.in_(sorted(set(ids))))
    return {row.id: row.message_id for row in connection.execute(wanted) if row.message_id}


def find_issued(connection: Connection, ids: Collection[int]) -> dict[int, Issued]:
    """Return the deliveries of these ids that exist, by id."""
    if not ids:
        return {}
    rows = connection.execute(FIND, {"ids": sorted(ids)})
    return {row.id: Issued(row.id, row.event_row, row.recipient, row.recipient_key, row.profile_id) for row in rows}
