"""Secrets planted in a run, and a search for them in everything the run leaves behind.

The password may stand nowhere. Addresses and texts of events may stand in the ledger, which is made to keep them,
and in Redis until the event is accepted; never in a log, a process list or a queue message after that.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from tests.faults.inputs import alert
from tests.faults.system import USER, System

#: A text of a mail, and an address, that stand nowhere else.
BODY = "canary-in-the-body-7f3a"
ADDRESS = "canary.in.the.list.91c2@example.com"


@dataclass(frozen=True, slots=True)
class Found:
    """A planted secret where it must not be."""

    what: str
    where: str


def plant(system: System, number: int = 0) -> None:
    """Publish an event with the planted text and address."""
    system.publish([alert(f"canary-{number}", ADDRESS, title=BODY, description=BODY)])


def search(system: System) -> list[Found]:
    """Look for what was planted, and for the password, in all artefacts; return what was found where it must not be."""
    secrets = {
        "password": system.password,
        "password in AUTH PLAIN": base64.b64encode(f"\0{USER}\0{system.password}".encode()).decode(),
        "password in AUTH LOGIN": base64.b64encode(system.password.encode()).decode(),
        "key": system.home.joinpath("secret-keys").read_text().strip().partition(":")[2],
    }
    private = {"body": BODY, "address": ADDRESS}
    places: list[tuple[str, bytes, dict[str, str]]] = [
        ("the process list", _process_list(), secrets | private),
        ("Redis after acceptance", _queues(system), secrets | private),
        ("the append-only file", _bytes(system.home.parent / "redis"), secrets),
        ("the database", _bytes(system.home, "runmail.sqlite3*"), secrets),
        ("the logs", _bytes(system.home, "*.log"), secrets | private),
    ]
    return [
        Found(name, where)
        for where, content, wanted in places
        for name, text in wanted.items()
        if text.encode() in content
    ]


def _bytes(folder: Path, pattern: str = "**/*") -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)) if path.is_file())


def _queues(system: System) -> bytes:
    client = system.client()
    return b"".join(client.dump(key) or b"" for key in client.keys("*"))


def _process_list() -> bytes:
    """Return the command lines of all processes of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:  # the process has ended
            continue
    return b"".join(found)
