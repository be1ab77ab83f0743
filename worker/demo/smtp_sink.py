"""The demo's SMTP server: takes every mail on loopback and lays it into a Maildir."""

from __future__ import annotations

import asyncio
import mailbox
import threading
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

#: Bytes of the largest mail it takes; ours are below 100 KB.
MAX_BYTES = 1024 * 1024


class _Keeper:
    """Lays mails into the Maildir; the envelope stands in two headers of its own."""

    def __init__(self, folder: Path) -> None:
        self._mailbox = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail."""
        content: Any = envelope.content
        self._mailbox.add(content if isinstance(content, bytes) else content.encode())
        return "250 2.0.0 taken"


class SmtpSink:
    """An SMTP server in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._keeper = _Keeper(folder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._server: asyncio.Server | None = None

    def start(self) -> int:
        """Start serving; return the port."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        """End the server and its thread."""
        if self._server is not None:
            self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _serve(self) -> asyncio.Server:
        return await self._loop.create_server(
            lambda: SMTP(
                self._keeper,
                hostname="demo.localhost",
                data_size_limit=MAX_BYTES,
                loop=self._loop,
                ident="runmail demo",
            ),
            "127.0.0.1",
            0,
        )
