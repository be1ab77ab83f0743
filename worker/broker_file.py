"""`broker.json` in the state folder: where the embedded broker listens, for the other commands of this machine.

The file carries the password and is private to its owner (mode 0600). It is written before the server is started,
and the server holds a lock for as long as it lives; so a file without a held lock is known to be stale, and no
password is sent to whoever listens on its port by then.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

BROKER_FILE = "broker.json"
#: The folder of the server's data, log and lock.
FOLDER = "redis"
SERVER_LOCK = "server.lock"


@dataclass(frozen=True, slots=True)
class Broker:
    """An embedded broker. `kind` says which server it is; the address carries the password.

    `pid` is 0 while its start has not come so far as to know it.
    """

    url: str
    kind: str
    pid: int = 0
    taken_over: bool = False

    def __repr__(self) -> str:
        return f"Broker(kind={self.kind!r}, pid={self.pid})"


def read_broker(home: Path) -> str | None:
    """Return the address of the embedded broker that `up` or `demo` started, or None when none runs."""
    broker = read_broker_file(home)
    return broker.url if broker and is_server_alive(home) else None


def is_server_alive(home: Path) -> bool:
    """Say whether a server holds the lock of the state folder, answering or not."""
    try:
        with open(home / FOLDER / SERVER_LOCK, encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def read_broker_file(home: Path) -> Broker | None:
    """Read the file as it stands, stale or not; None when there is no such file or it cannot be read."""
    try:
        found = json.loads((home / BROKER_FILE).read_text("utf-8"))
        return Broker(str(found["url"]), str(found["kind"]), int(found["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_broker_file(home: Path, broker: Broker) -> None:
    """Write the file whole, readable by its owner only."""
    draft = home / f"{BROKER_FILE}.new"
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"url": broker.url, "kind": broker.kind, "pid": broker.pid}, file)
    draft.replace(home / BROKER_FILE)


def remove_broker_file(home: Path) -> None:
    """Remove the file, if it is there."""
    (home / BROKER_FILE).unlink(missing_ok=True)
