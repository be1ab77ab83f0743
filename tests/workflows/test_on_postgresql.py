"""The same on PostgreSQL: several heralds share the work, and each event is taken once."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest

from tests.rig.postgresql import PostgreSql
from tests.workflows.conftest import Desk, command, tell
from tests.workflows.hook_server import HookServer

pytestmark = pytest.mark.real("postgresql")


@pytest.fixture
def database(postgresql: PostgreSql) -> str:
    return postgresql.make(f"t{secrets.token_hex(6)}")


def test_two_heralds_deliver_each_event_once(
    database: str, open_desk: Callable[[], Desk], hook_server: Callable[..., HookServer]
) -> None:
    server, desks = hook_server(), [open_desk(), open_desk()]
    profile = desks[0].profile()
    desks[0].webhook(server.url)

    tell(desks[0].ground.engine, *(command(f"evt_{number}") for number in range(30)), profile_id=profile.id)
    for desk in desks:
        desk.herald.ring()

    desks[0].settled(*[("1", "done", None, 1)] * 30)
    ids = [request.headers["webhook-id"] for request in server.requests]
    assert sorted(ids) == sorted(f"evt_{number}" for number in range(30))
    assert desks[0].ground.engine.dialect.name == "postgresql"
