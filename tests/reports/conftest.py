"""What tests of reports need: the spine, on SQLite and on PostgreSQL, and runs as they are published."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.rig.postgresql import PostgreSql
from worker.database import make_engine
from worker.migrate import migrate


@pytest.fixture(
    params=[
        pytest.param("sqlite"),
        pytest.param("postgresql", marks=[pytest.mark.real("postgresql"), pytest.mark.xdist_group("postgresql")]),
    ]
)
def database(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """The address of an empty database, of each kind; the spine uses it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'reports.sqlite3'}"
    server: PostgreSql = request.getfixturevalue("postgresql")
    return server.make(f"r{secrets.token_hex(6)}")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """The production engine on a migrated database of each kind."""
    found = make_engine(database)
    migrate(found)
    yield found
    found.dispose()


def run_event(event_id: str, time: str, **more: Any) -> dict[str, Any]:
    """Return a finished run of 10 tests, all passed unless `more` says otherwise, as it is published."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "ci.example.com",
        "type": "runmail.run.finished",
        "time": time,
        "data": {
            "profile": "QA alerts",
            "recipients": ["team@example.com"],
            "suite": "checkout-api",
            "branch": "main",
            "outcome": "passed",
            "counts": {"passed": 10},
            **more,
        },
    }


def failing(*names: str, flaky: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what a run of 10 tests says in which some failed and some were flaky."""
    return {
        "outcome": "failed" if names else "passed",
        "counts": {"passed": 10 - len(names), "failed": len(names), "flaky": len(flaky)},
        "failures": [{"name": name} for name in names],
        "tests": [{"name": name, "outcome": "flaky"} for name in flaky],
    }


def request_event(event_id: str = "daily", time: str | None = "2026-11-20T06:30:00Z", **more: Any) -> dict[str, Any]:
    """Return a request for a report as it is published."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "scheduler.example.com",
        "type": "runmail.report.requested",
        **({"time": time} if time else {}),
        "data": {"profile": "QA alerts", "recipients": ["lead@example.com"], "period": "yesterday", **more},
    }
