"""The demo's SMTP server: takes every mail on loopback and lays it into a Maildir.

It speaks neither TLS nor AUTH and passes nothing on.
"""

from __future__ import annotations

import asyncio
import mailbox
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

#: Bytes of the largest mail it takes; ours are below 100 KB.
MAX_BYTES = 1024 * 1024
#: Seconds it may take to start and to end.
SECONDS = 10.0


class SmtpSink:
    """An SMTP server in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self._mailbox = mailbox.Maildir(folder, create=True)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp-sink", daemon=True)
        self._server: asyncio.Server | None = None

    def start(self) -> int:
        """Start serving; return the port."""
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(SECONDS)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        """End the server, its connections and its thread."""
        if self._server is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(self._server), self._loop).result(SECONDS)
        self._server = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail, its envelope in the two trace headers of a final delivery (RFC 5321 4.4, RFC 9228)."""
        content = envelope.content
        body = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content or b""
        trace = [f"Return-Path: <{envelope.mail_from}>", *(f"Delivered-To: {to}" for to in envelope.rcpt_tos)]
        self._mailbox.add("".join(f"{line}\n" for line in trace).encode() + body.replace(b"\r\n", b"\n"))
        return "250 2.0.0 taken"

    async def _serve(self) -> asyncio.Server:
        return await self._loop.create_server(
            lambda: SMTP(
                self, hostname="demo.localhost", data_size_limit=MAX_BYTES, loop=self._loop, ident="runmail demo"
            ),
            "127.0.0.1",
            0,
        )

    async def _end(self, server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:  # those of aiosmtpd, one a connection
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
