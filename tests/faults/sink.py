"""The receiving server of the fault rig: it knows for certain what it took, whatever dies around it.

At the final dot of every mail a line with the event's id, the recipient and the time goes to disk, flushed, before
the answer is said. It is a process of its own and misbehaves on command (see `tests.rig.faults`); a server can be
opened for each profile. `Sink` starts and commands it; run as a program it is the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.rig.smtp_server import FaultySmtpServer, Transaction

ROOT = Path(__file__).parent.parent.parent


class Sink:
    """The running sink."""

    def __init__(self, log: Path) -> None:
        self.log = log
        log.touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sink", str(log)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def open(self, name: str = "main", users: dict[str, str] | None = None) -> int:
        """Open a server under a name and return its port."""
        return int(self._ask(do="open", name=name, users=users or {})["port"])

    def fault(self, verb: str, kind: str, *, name: str = "main", **options: Any) -> None:
        """Let something go wrong from now on."""
        self._ask(do="fault", name=name, fault={"verb": verb, "kind": kind, **options})

    def clear(self, name: str = "main") -> None:
        """Let everything go well from now on."""
        self._ask(do="clear", name=name)

    def facts(self, name: str = "main") -> dict[str, int]:
        """Return how many `connections` were accepted, are `open`, and how many AUTH commands came (`auth`)."""
        return self._ask(do="facts", name=name)

    def taken(self) -> int:
        """Return how many mails were taken."""
        return self.log.read_bytes().count(b"\n")

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _ask(self, **what: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class NotingServer(FaultySmtpServer):
    """A faulty server that writes every mail it takes to a file before it answers, and keeps none in memory."""

    def __init__(self, descriptor: int, **options: Any) -> None:
        super().__init__(**options)
        self._descriptor = descriptor

    def note_line(self, line: bytes) -> None:
        """Count logins; other commands are not kept."""
        if line[:4].upper() == b"AUTH":
            self.auth_count += 1

    def note_taken(self, taken: Transaction) -> None:
        """Write the mail's line and flush it to the disk."""
        at = taken.message.index(b"X-Runmail-Event: ") + 17
        event = taken.message[at : taken.message.index(b"\r\n", at)].decode("ascii")
        lines = "".join(f"{event}\t{recipient}\t{time.time():.3f}\n" for recipient in taken.recipients)
        os.write(self._descriptor, lines.encode("utf-8"))
        os.fdatasync(self._descriptor)


def main() -> None:
    """Do what the lines on stdin say until they end."""
    descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    servers: dict[str, NotingServer] = {}
    for line in sys.stdin:
        what = json.loads(line)
        answer: dict[str, int] = {}
        match what["do"]:
            case "open":
                server = servers[what["name"]] = NotingServer(descriptor, users=what["users"])
                server.start()
                answer["port"] = server.port
            case "fault":
                servers[what["name"]].faults.add(**what["fault"])
            case "clear":
                servers[what["name"]].faults.clear()
            case "facts":
                server = servers[what["name"]]
                answer = {
                    "connections": server.connections,
                    "open": server.open_connections,
                    "auth": server.auth_count,
                }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
