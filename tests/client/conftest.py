"""Databases of both kinds, the spine, and a Redis for the tests of the client."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.client.project import project
from tests.publish.conftest import broker, broker_url, redis_server
from tests.rig.postgresql import PostgreSql
from worker.database import make_engine
from worker.migrate import migrate


@pytest.fixture
def new_database(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Make an empty database of a kind and return its address."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        server: PostgreSql = request.getfixturevalue("postgresql")
        return server.make(f"t{secrets.token_hex(6)}")

    return make


#: The kinds of database; the real server is asked for by its mark.
KINDS = [
    "sqlite",
    pytest.param("postgresql", marks=[pytest.mark.real("postgresql"), pytest.mark.xdist_group("postgresql")]),
]


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    """The address of an empty database, of each kind in turn; the spine uses it."""
    return new_database(request.param)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = make_engine(database)
    migrate(engine)
    yield engine
    engine.dispose()


__all__ = ["broker", "broker_url", "project", "redis_server"]
