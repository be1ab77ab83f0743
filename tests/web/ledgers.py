"""Ledgers for the tests of what the page shows: the production engine on SQLite, and on PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, event

from tests.rig.postgresql import PostgreSql
from worker.database import make_engine
from worker.migrate import migrate

BOTH = (
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.real("postgresql")),
)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    server = PostgreSql()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=BOTH)
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty ledger with today's tables, once for the tests of a file: on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql").make(f"t{secrets.token_hex(6)}")
    else:
        address = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.sqlite3'}"
    engine = make_engine(address)
    migrate(engine)
    yield engine
    engine.dispose()


@dataclass
class Counted:
    """The statements that were sent to a database."""

    statements: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.statements)


@contextmanager
def counting(engine: Engine) -> Iterator[Counted]:
    """Count the statements that anything sends to a database meanwhile."""
    counted = Counted()

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            counted.statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield counted
    finally:
        event.remove(engine, "before_cursor_execute", note)
