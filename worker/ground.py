"""What every process and command stands on: settings, database, keys, profiles and the time of day.

It knows nothing of queues, mail or what a worker is built of, so that a command that only reads starts fast.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Engine

from profiles.sealing import Keyring
from profiles.store import ProfileStore
from worker.database import make_engine
from worker.settings import Settings
from worker.state import database_url, secret_keys


@dataclass(frozen=True, slots=True)
class Ground:
    """What every command stands on: settings, database, keys, profiles."""

    settings: Settings
    engine: Engine
    keyring: Keyring
    profiles: ProfileStore


def lay_ground(settings: Settings) -> Ground:
    """Build what every command needs; opens no connection yet."""
    engine = make_engine(database_url(settings))
    keyring = Keyring.parse(secret_keys(settings))
    return Ground(settings, engine, keyring, ProfileStore(engine, keyring))


def now_milliseconds() -> int:
    """Return the wall clock's milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
