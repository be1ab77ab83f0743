"""Workflows on a real database: SQLite, and PostgreSQL where a test asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from consumers.contract.outgoing_events import CommandIssued, CommandIssuedData, OutgoingEvent
from consumers.ledger.announcing import Announcement, announce
from worker.composition import Ground, lay_ground
from worker.migrate import migrate
from worker.settings import Settings

ROOT = Path(__file__).parents[2]
NOW = 1_764_000_000_000


def command(event_id: str = "evt_1", **data: Any) -> OutgoingEvent:
    """Return a command event."""
    found = json.loads((ROOT / "examples" / "workflows" / "command-issued.json").read_text("utf-8"))
    return CommandIssued(id=event_id, data=CommandIssuedData(**{**found["data"], **data}))


def tell(engine: Engine, *events: OutgoingEvent, profile_id: int = 1, now: int = NOW) -> None:
    """Announce events in a transaction of their own."""
    with engine.begin() as connection:
        announce(connection, [Announcement(event, profile_id, now) for event in events])


@pytest.fixture
def ground(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ground]:
    """Settings, database, keys and profiles; on the test's fixture `database` where it has one."""
    changed = {name: value for mark in request.node.iter_markers("settings") for name, value in mark.kwargs.items()}
    if "database" in request.fixturenames:
        changed["database_url"] = request.getfixturevalue("database")
    built = lay_ground(Settings(home=tmp_path, **changed))
    migrate(built.engine)
    yield built
    built.engine.dispose()
