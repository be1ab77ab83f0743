"""The verb route: every outgoing event gets one delivery for each handler and each webhook that wants it, once.

An event without takers is routed too; a handler or webhook that comes later gets what is published from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from consumers.ledger.outgoing_tables import OutgoingState, TargetKind, outgoing_deliveries, outgoing_events
from profiles.webhook_tables import webhooks

#: Events of one transaction: keeps it short.
MOST_EVENTS = 200

UNROUTED = (
    select(outgoing_events.c.id, outgoing_events.c.type, outgoing_events.c.profile_id)
    .where(outgoing_events.c.routed_at.is_(None))
    .order_by(outgoing_events.c.id)
    .limit(MOST_EVENTS)
    .with_for_update(skip_locked=True)
)
WEBHOOKS = select(webhooks.c.id, webhooks.c.profile_id, webhooks.c.types).where(webhooks.c.off_reason.is_(None))


@dataclass(frozen=True, slots=True)
class Routing:
    """The names of the handlers that this process found; `now` in milliseconds since 1970 UTC."""

    handlers: tuple[str, ...]
    now: int


def route(connection: Connection, wanted: Sequence[Routing]) -> list[int]:
    """Route what is not routed yet; return how many events that were, for each item."""
    return [_route(connection, each) for each in wanted]


def _route(connection: Connection, wanted: Routing) -> int:
    found = connection.execute(UNROUTED).all()
    if not found:
        return 0
    hooks = connection.execute(WEBHOOKS).all()
    rows = []
    for event in found:
        targets = [(TargetKind.HANDLER, name) for name in wanted.handlers]
        targets += [
            (TargetKind.WEBHOOK, str(hook.id))
            for hook in hooks
            if hook.profile_id == event.profile_id and (not hook.types or event.type in hook.types)
        ]
        rows += [
            {
                "event_row": event.id,
                "kind": kind.value,
                "target": target,
                "state": OutgoingState.PENDING.value,
                "attempts": 0,
                "fence": 0,
                "due_at": wanted.now,
                "created_at": wanted.now,
                "updated_at": wanted.now,
            }
            for kind, target in targets
        ]
    if rows:
        connection.execute(insert(outgoing_deliveries), rows)
    ids = [event.id for event in found]
    connection.execute(update(outgoing_events).where(outgoing_events.c.id.in_(ids)).values(routed_at=wanted.now))
    return len(ids)
