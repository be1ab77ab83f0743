"""Fixtures of the fault tests."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.system import System
from tests.rig.postgresql import PostgreSql

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


@pytest.fixture
def on_postgresql(make: Make, postgresql: PostgreSql) -> System:
    """A system on PostgreSQL."""
    return make(database_url=postgresql.make(f"t{secrets.token_hex(6)}"))
