"""An office on SQLite, and on PostgreSQL where it is installed."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from profiles.sealing import Keyring
from tests.inbound.acting.office import Office
from tests.rig.fixtures import *  # noqa: F403 (fixtures are found by their names)
from tests.rig.postgresql import PostgreSql
from tests.spine.conftest import redis_url, spine  # noqa: F401
from worker.database import make_engine
from worker.migrate import migrate


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    server = PostgreSql()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    """An office; on PostgreSQL for a test that has the mark real("postgresql")."""
    if any("postgresql" in mark.args for mark in request.node.iter_markers("real")):
        address = request.getfixturevalue("postgresql").make(f"t{secrets.token_hex(6)}")
    else:
        address = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    engine = make_engine(address)
    migrate(engine)
    keyring = Keyring.parse(f"k1:{base64.b64encode(bytes(range(32))).decode()}")
    yield Office(engine, keyring)
    engine.dispose()
