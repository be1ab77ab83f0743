"""Workflows on a real database: SQLite, and PostgreSQL where a test asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from consumers.contract.outgoing_events import CommandIssued, CommandIssuedData, OutgoingEvent
from consumers.ledger.announcing import Announcement, announce
from consumers.ledger.outgoing import due_targets
from consumers.ledger.outgoing_tables import outgoing_deliveries
from consumers.ledger.writer import LedgerWriter
from consumers.workflows.herald import Herald
from profiles.authors import PROGRAM
from profiles.profile import Profile, Security, SmtpSettings
from profiles.webhooks import Made, WebhookStore
from tests.rig.waiting import wait_until
from tests.workflows.hook_server import HookServer
from worker.ground import Ground, lay_ground
from worker.migrate import migrate
from worker.settings import Settings
from worker.workflows import make_herald

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
    changed: dict[str, Any] = {"webhook_private_hosts": "localhost", "webhook_seconds": 3}
    changed |= {name: value for mark in request.node.iter_markers("settings") for name, value in mark.kwargs.items()}
    if "database" in request.fixturenames:
        changed["database_url"] = request.getfixturevalue("database")
    built = lay_ground(Settings(home=tmp_path, **changed))
    migrate(built.engine)
    yield built
    built.engine.dispose()


@pytest.fixture
def hook_server() -> Iterator[Callable[..., HookServer]]:
    """Starts receivers; they are stopped at the end of the test."""
    started: list[HookServer] = []

    def start(*answers: bytes | None, **options: Any) -> HookServer:
        started.append(HookServer(**({"answers": list(answers)} if answers else {}), **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@dataclass
class Desk:
    """A herald on a database, whose time a test moves."""

    ground: Ground
    writer: LedgerWriter
    herald: Herald
    clock: list[int]

    def profile(self, name: str = "QA alerts") -> Profile:
        smtp = SmtpSettings("localhost", 25, Security.NONE)
        return self.ground.profiles.add(Profile(id=0, name=name, from_address="qa@example.com", smtp=smtp))

    def webhook(self, url: str, profile: str = "QA alerts", types: tuple[str, ...] = ()) -> Made:
        hooks = WebhookStore(self.ground.profiles, self.ground.settings.private_hosts)
        return hooks.add(profile, url, types, by=PROGRAM)

    def wait_out(self, seconds: float) -> None:
        """Let so many seconds go by."""
        self.clock[0] += round(seconds * 1000)
        self.herald.ring()

    def is_due_in(self, seconds: float) -> bool:
        """Say whether anything would be due after so many seconds."""
        with self.ground.engine.connect() as connection:
            return bool(due_targets(connection, self.clock[0] + round(seconds * 1000)))

    def rows(self) -> list[tuple[str, str, str | None, int]]:
        """Return target, state, reason and attempts of each delivery."""
        table = outgoing_deliveries.c
        query = select(table.target, table.state, table.reason, table.attempts).order_by(table.id)
        with self.ground.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]  # type: ignore[misc]

    def settled(self, *rows: tuple[str, str, str | None, int]) -> None:
        """Wait until the deliveries are these."""
        try:
            wait_until(lambda: self.rows() == list(rows) and not self.herald.is_busy)
        except AssertionError:
            raise AssertionError(f"wanted {list(rows)}, got {self.rows()}") from None


@pytest.fixture
def open_desk(ground: Ground) -> Iterator[Callable[[], Desk]]:
    """Starts heralds, which find the handlers that are installed then."""
    opened: list[Desk] = []

    def start() -> Desk:
        writer, clock = LedgerWriter(ground.engine), [NOW]
        herald = make_herald(ground.settings, ground.engine, ground.profiles, writer, lambda: clock[0])
        writer.start()
        herald.start()
        opened.append(Desk(ground, writer, herald, clock))
        return opened[-1]

    yield start
    for desk in opened:
        desk.herald.stop(1)
        desk.writer.close()


@pytest.fixture
def desk(open_desk: Callable[[], Desk]) -> Desk:
    """A running herald."""
    return open_desk()
