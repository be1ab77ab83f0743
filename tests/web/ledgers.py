"""Ledgers for the tests of what the page shows: the production engine on SQLite, and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, event

BOTH = (
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.real("postgresql")),
)


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
