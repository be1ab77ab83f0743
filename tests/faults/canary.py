"""A search for planted secrets in everything that a run leaves behind.

Passwords and keys may stand nowhere. Addresses and texts of events may stand in the ledger, which is made to keep
them, and in Redis until the event is accepted; never in a log, a process list or a queue message after that.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from sqlalchemy import Engine, MetaData, select

from tests.faults.inputs import PLANTED_ADDRESS, PLANTED_TEXT

PRIVATE = {"body": PLANTED_TEXT, "address": PLANTED_ADDRESS}


@dataclass(frozen=True, slots=True)
class Found:
    """A planted secret where it must not be."""

    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Artefacts:
    """What a run leaves behind, and the secrets it worked with, by what they are."""

    home: Path
    redis_folder: Path
    client: redis.Redis
    engine: Engine
    secrets: dict[str, str]


def of_login(user: str, password: str) -> dict[str, str]:
    """Return the forms in which a password travels."""
    return {
        "password": password,
        "password in AUTH PLAIN": base64.b64encode(f"\0{user}\0{password}".encode()).decode(),
        "password in AUTH LOGIN": base64.b64encode(password.encode()).decode(),
    }


def search(left: Artefacts) -> list[Found]:
    """Look for what was planted in all artefacts; return what was found where it must not be."""
    key = left.home.joinpath("secret-keys").read_text().strip().partition(":")[2]
    secrets = {**left.secrets, "key": key}
    places: list[tuple[str, bytes, dict[str, str]]] = [
        ("the process list", _process_list(), secrets | PRIVATE),
        ("Redis after acceptance", _queues(left.client), secrets | PRIVATE),
        ("the append-only file", _bytes(left.redis_folder), secrets),
        ("the database's files", _bytes(left.home, "runmail.sqlite3*"), secrets),
        ("the database", b"\n".join(_rows(left.engine)), secrets),
        ("the logs", _bytes(left.home, "*.log"), secrets | PRIVATE),
    ]
    return [
        Found(name, where)
        for where, content, wanted in places
        for name, text in wanted.items()
        if text.encode() in content
    ]


def _bytes(folder: Path, pattern: str = "**/*") -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)) if path.is_file())


def _queues(client: redis.Redis) -> bytes:
    return b"".join(client.dump(key) or b"" for key in client.keys("*"))


def _rows(engine: Engine) -> Iterator[bytes]:
    """Yield every row of every table, whatever the database: on PostgreSQL its files are not ours to read."""
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.tables.values():
            for row in connection.execute(select(table)):
                yield repr(tuple(row)).encode()


def _process_list() -> bytes:
    """Return the command lines of all processes of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:  # the process has ended
            continue
    return b"".join(found)
