"""Fixtures of the tests of profiles: a store on a real SQLite file, or on SQLite and PostgreSQL with a ledger."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, insert, select
from sqlmodel import SQLModel

from consumers.ledger.states import DeliveryState, EventState
from consumers.ledger.tables import deliveries, events
from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.sealing import Keyring
from profiles.store import ProfileStore
from worker.database import make_engine

#: What the stores of these tests take for the time: 2023-11-14, in milliseconds UTC.
NOW = 1_700_000_000_000


def key_text(key_id: str, fill: int) -> str:
    """Return one entry of RUNMAIL_SECRET_KEYS whose key is one byte repeated."""
    return f"{key_id}:{base64.b64encode(bytes([fill]) * 32).decode()}"


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.parse(key_text("k1", 1))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'profiles.sqlite3'}", hide_parameters=True)
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine, keyring: Keyring) -> ProfileStore:
    return ProfileStore(engine, keyring, now=lambda: 1_000)


@pytest.fixture
def draft() -> Profile:
    return Profile(
        id=0,
        name="QA alerts",
        from_address="qa@example.com",
        smtp=SmtpSettings("smtp.example.com", 465, Security.TLS, "qa@example.com"),
        imap=ImapSettings("imap.example.com", 993, Security.TLS, "qa@example.com"),
        recipients=("team@example.com",),
    )


@dataclass
class Books:
    """A store of profiles with the ledger of its mail."""

    engine: Engine
    store: ProfileStore

    def mail(
        self, profile: Profile, *states: DeliveryState, recipient: str = "team@example.com", **more: object
    ) -> None:
        """Write one delivery in each state for a profile."""
        with self.engine.begin() as connection:
            for state in states:
                name = secrets.token_hex(4)
                row = connection.execute(
                    insert(events)
                    .values(
                        source="s",
                        event_id=name,
                        body=b"{}",
                        body_size=2,
                        body_sha256="x",
                        state=EventState.PLANNED,
                        starts=0,
                        recorded_at=NOW,
                        updated_at=NOW,
                    )
                    .returning(events.c.id)
                ).scalar_one()
                values = {
                    "event_row": row,
                    "recipient": recipient,
                    "recipient_key": recipient,
                    "profile_id": profile.id,
                    "profile": profile.name,
                    "state": state,
                    "due_at": NOW if state is DeliveryState.PENDING else None,
                    "fence": 0,
                    "at_data": False,
                    "starts": 0,
                    "attempts": 0,
                    "maybe_twice": False,
                    "created_at": NOW,
                    "updated_at": NOW,
                    **more,
                }
                connection.execute(insert(deliveries).values(values))

    def mails(self) -> list[tuple[str, str, str | None]]:
        """Return profile, state and reason of each delivery, in order."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(deliveries.c.profile, deliveries.c.state, deliveries.c.reason).order_by(deliveries.c.id)
            )
            return [(row.profile, row.state, row.reason) for row in rows]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real("postgresql"))])
def books(request: pytest.FixtureRequest, tmp_path: Path, keyring: Keyring) -> Iterator[Books]:
    """Profiles and their ledger on the production engine of each database."""
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql").make(f"t{secrets.token_hex(6)}")
    else:
        address = f"sqlite:///{tmp_path / 'books.sqlite3'}"
    engine = make_engine(address)
    SQLModel.metadata.create_all(engine)
    yield Books(engine, ProfileStore(engine, keyring, now=lambda: NOW))
    engine.dispose()
