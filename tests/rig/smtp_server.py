"""An SMTP server of our own that keeps records and misbehaves as the test declares.

    def test_a_mail_is_taken(smtp_server):                       # fixture: plain text on loopback, no login
        ...send to smtp_server.host, smtp_server.port...
        [mail] = smtp_server.wait_for(1)
        assert mail.recipients == ("team@example.com",)

    @pytest.mark.fault(verb="DATA", kind="drop", times=1)        # kinds and verbs: see `faults`
    def test_…(smtp_server): ...

    server = start_smtp_server(security="tls", context=authority.server_context(),
                               users={"qa@example.com": "sesame"})   # fixture: any number of servers

What it records: `transactions` (mails taken, in order), `lines` (every command as it came, bytes without CRLF),
`connections` (accepted), `open_connections`, `auth_count` (AUTH commands). `faults.add(…)` and
`faults.clear()` change what goes wrong while it runs. It runs in a thread of its own, so that blocking and
asyncio tests use it alike.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.rig.faults import Fault, Faults
from tests.rig.smtp_session import Session


@dataclass(frozen=True, slots=True)
class Transaction:
    """One mail the server took.

    `message` is without dot-stuffing; `connection` counts from 1; `at` is monotonic, in seconds.
    """

    sender: str
    recipients: tuple[str, ...]
    message: bytes
    at: float
    user: str | None
    encrypted: bool
    connection: int


class FaultySmtpServer:
    """An SMTP server on 127.0.0.1 and a free port.

    `security` is `none`, `starttls` (offered) or `tls` (from the first byte); the last two need a `context`.
    With `users` a login is required before MAIL; `mechanisms` are what EHLO offers.
    """

    def __init__(
        self,
        *,
        security: str = "none",
        context: ssl.SSLContext | None = None,
        users: Mapping[str, str] | None = None,
        mechanisms: Iterable[str] = ("PLAIN", "LOGIN"),
        faults: Iterable[Fault] = (),
    ) -> None:
        self.security = security
        self.context = context
        self.users = dict(users or {})
        self.mechanisms = tuple(mechanisms)
        self.faults = Faults(faults)
        self.host = "127.0.0.1"
        self.port = 0
        self.transactions: list[Transaction] = []
        self.lines: list[bytes] = []
        self.connections = 0
        self.auth_count = 0
        self._changed = threading.Condition()
        self._sessions: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty-smtp", daemon=True)

    @property
    def open_connections(self) -> int:
        """How many clients are connected now."""
        return len(self._sessions)

    @property
    def verbs(self) -> list[str]:
        """The verbs of every command that came, in order."""
        return [line.split(b" ")[0].split(b":")[0].decode("ascii", "replace").upper() for line in self.lines]

    def start(self) -> FaultySmtpServer:
        """Listen; the port is known when this returns."""
        self._thread.start()
        self._run(self._listen())
        return self

    def stop(self) -> None:
        """Hang up on everyone and stop listening; a second time does nothing."""
        if self._thread.is_alive():
            self._run(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def drop_connections(self) -> None:
        """Hang up on every client, as a server that restarts does; go on listening."""
        self._run(self._end_sessions())

    def wait_for(self, count: int, seconds: float = 30.0) -> list[Transaction]:
        """Wait until `count` mails were taken and return all; fail when they do not come in time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while len(self.transactions) < count:
                if not self._changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{len(self.transactions)} of {count} mails after {seconds} s")
            return list(self.transactions)

    def note_line(self, line: bytes) -> None:
        """Record a command."""
        with self._changed:
            self.lines.append(line)
            if line[:4].upper() == b"AUTH":
                self.auth_count += 1
            self._changed.notify_all()

    def note_taken(self, taken: Transaction) -> None:
        """Record a mail."""
        with self._changed:
            self.transactions.append(taken)
            self._changed.notify_all()

    def wait_for_verb(self, verb: str, count: int = 1, seconds: float = 30.0) -> None:
        """Wait until a command with that verb came `count` times."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self.verbs.count(verb) < count:
                if not self._changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no {verb} after {seconds} s, but {self.verbs}")

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        context = self.context if self.security == "tls" else None
        self._server = await asyncio.start_server(
            self._serve, self.host, 0, ssl=context, family=socket.AF_INET, limit=1 << 20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await Session(self, reader, writer, self.connections).run()
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client hung up, or the test did
        finally:
            self._sessions.discard(task)
            if not writer.is_closing():
                writer.transport.abort()

    async def _end_sessions(self) -> None:
        tasks = list(self._sessions)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _close(self) -> None:
        self._server.close()
        await self._end_sessions()
