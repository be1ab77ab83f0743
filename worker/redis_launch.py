"""Start one Redis server in the folder of the state folder, on an address that was chosen before.

It neither waits for an answer nor knows what a failed start means: `embedded_redis` does.
"""

from __future__ import annotations

import fcntl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from worker.broker_file import FOLDER, SERVER_LOCK, Broker, write_broker_file
from worker.redis_servers import RedisServer

LOG_FILE = "redis.log"
#: Seconds to wait for a lock whose holder was killed: it is gone by then.
LOCK_SECONDS = 1.0


class FolderLocked(Exception):
    """Raised when another process holds the lock of the server's folder; the text names the lock."""


def launch(home: Path, server: RedisServer, broker: Broker) -> subprocess.Popen[bytes] | None:
    """Start `server` on the address of `broker` and write both down; None when it cannot be executed.

    The password goes over stdin. The server inherits the lock of its folder and holds it for as long as it lives.

    Raises:
        FolderLocked: when a server runs here already.
    """
    folder = home / FOLDER
    address = urlsplit(broker.url)
    assert address.port is not None
    assert address.password is not None
    with (
        open(folder / LOG_FILE, "ab") as log,
        open(folder / SERVER_LOCK, "w", encoding="ascii") as lock,
        tempfile.TemporaryFile(dir=folder) as configuration,
    ):
        if not lock_within(lock, LOCK_SECONDS):
            raise FolderLocked(f"{lock.name} is held by another program: find out which, and try again")
        # The address is written first, and the configuration lies whole in an unlinked file rather than coming
        # through a pipe: killed at any moment, this process leaves no server or one that its successor knows.
        write_broker_file(home, broker)
        configuration.write(server.configuration(address.port, address.password).encode())
        configuration.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603
                server.command(address.port),
                cwd=folder,
                stdin=configuration,
                stdout=log,
                stderr=log,
                pass_fds=[lock.fileno()],
                # Out of the terminal's group: Ctrl-C ends the workers first, then this.
                start_new_session=True,
            )
        except OSError:
            return None
    write_broker_file(home, Broker(broker.url, broker.kind, process.pid))
    return process


def lock_within(lock: IO[str], seconds: float) -> bool:
    """Take an exclusive lock on an open file; False when another process keeps it for so long."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True
