"""Outgoing events that are old and finished leave the database; what waits stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from consumers.ledger.outgoing_tables import outgoing_events
from tests.workflows.conftest import NOW, Desk, command, tell
from tests.workflows.hook_server import HookServer, answer
from worker.prune import prune_outgoing


def kept(desk: Desk) -> list[str]:
    with desk.ground.engine.connect() as connection:
        return list(connection.execute(select(outgoing_events.c.event_id).order_by(outgoing_events.c.id)).scalars())


def test_what_was_delivered_or_given_up_goes_and_what_waits_stays(
    desk: Desk, hook_server: Callable[..., HookServer]
) -> None:
    server, profile = hook_server(answer(200), answer(500)), desk.profile()
    desk.webhook(server.url)
    archived: list[tuple[str, dict[str, Any]]] = []
    tell(desk.ground.engine, command("evt_done"), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "done", None, 1))
    tell(desk.ground.engine, command("evt_waits"), profile_id=profile.id)
    desk.herald.ring()
    desk.settled(("1", "done", None, 1), ("1", "pending", "http_500", 1))
    tell(desk.ground.engine, command("evt_unrouted"), profile_id=profile.id)

    early = list(prune_outgoing(desk.ground.engine, NOW))
    gone = list(prune_outgoing(desk.ground.engine, NOW + 1, archived.extend, sleep=lambda _: None))

    assert (early, gone) == ([], [1])
    assert kept(desk) == ["evt_waits", "evt_unrouted"]
    assert [table for table, _ in archived] == ["outgoing_event", "outgoing_delivery"]
