"""Fixtures of the tests of profiles: a store on a real SQLite file."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlmodel import SQLModel

from profiles.profile import ImapSettings, Profile, Security, SmtpSettings
from profiles.sealing import Keyring
from profiles.store import ProfileStore
from tests.rig.fixtures import *  # noqa: F403 (fixtures are found by their names)


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
