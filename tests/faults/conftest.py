"""Fixtures of the fault tests."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.system import System
from tests.rig.fixtures import authority, exim, mail_home, running_exim, start_smtp_server, unknown_authority
from tests.rig.postgresql import PostgreSql
from tests.spine.conftest import redis_url, smtp_server, spine

Make = Callable[..., System]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make systems; all end with the test."""
    made: list[System] = []

    def build(**options: str) -> System:
        made.append(System(tmp_path / str(len(made)), **options))
        return made[-1]

    yield build
    for system in made:
        system.end()


@pytest.fixture
def system(make: Make) -> System:
    """A system on SQLite."""
    return make()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """One PostgreSQL for the tests of a process."""
    server = PostgreSql()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def on_postgresql(make: Make, postgresql: PostgreSql) -> System:
    """A system on PostgreSQL."""
    return make(database_url=postgresql.make(f"t{secrets.token_hex(6)}"))


__all__ = [
    "authority",
    "exim",
    "mail_home",
    "redis_url",
    "running_exim",
    "smtp_server",
    "spine",
    "start_smtp_server",
    "unknown_authority",
]
