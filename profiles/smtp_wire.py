"""The wire to an SMTP server: one connection, one command at a time, each answered within its deadline.

It wraps aiosmtplib's protocol, which bounds replies (32 KiB, so no endless banner), ignores what a server says
unasked, and discards whatever arrived in plain text before TLS was negotiated (RFC 3207 4.2). After anything
but an orderly answer the wire is closed: a reply that comes late would be taken for the answer to the next
command. It knows nothing of profiles, logins and envelopes.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiosmtplib.errors import SMTPException, SMTPResponseException
from aiosmtplib.protocol import SMTPProtocol

from profiles.answers import Answer, read_answer
from profiles.classify import classify
from profiles.reach import Reached
from profiles.tls import Certificate, read_certificate
from profiles.verbs import Verb

#: Bytes of a message above which its final dot waits until the rest has left: a link lost in the middle of a
#: long message is then known not to have delivered it. Shorter ones go out with their dot in one write.
ONE_WRITE = 64 * 1024
#: RFC 5321 4.2.1: the server asks for the message; it will close after this answer.
START_INPUT, CLOSING = 354, 421

_CONTROL = re.compile(rb"[\x00-\x1f\x7f-\xff]")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class _Protocol(SMTPProtocol):
    """aiosmtplib's protocol, which also tells when everything written has left this process."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.drained = asyncio.Event()
        self.drained.set()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.drained.clear()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.drained.set()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.drained.set()


class SmtpWire:
    """An open connection to an SMTP server at a checked address; made by `connect`."""

    def __init__(self, protocol: _Protocol, address: str, seconds: float) -> None:
        self._protocol = protocol
        #: The IP address that was checked and connected to.
        self.address = address
        #: Seconds one command may take, answer included.
        self.seconds = seconds
        #: The text of the last answer as it came, lines joined by newlines: for reading what EHLO offers.
        self.said = ""

    @classmethod
    async def connect(cls, reached: Reached, host: str, seconds: float, context: ssl.SSLContext | None) -> SmtpWire:
        """Take over a connected socket and, with a context, speak TLS at once (RFC 8314 3).

        Raises:
            TransientMailError: at `tls`, when the other side does not, or its certificate is not good for
            `host`.
        """
        loop = asyncio.get_running_loop()
        reached.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            _, protocol = await asyncio.wait_for(
                loop.create_connection(
                    lambda: _Protocol(loop),
                    sock=reached.socket,
                    ssl=context,
                    server_hostname=host if context else None,
                    # Longer than the deadline around it, so that the one reason is `timed_out`.
                    ssl_handshake_timeout=seconds + 1 if context else None,
                ),
                seconds,
            )
        except OSError as error:
            reached.socket.close()
            raise classify(error, Verb.TLS) from None
        except BaseException:  # cancelled: the socket belongs to nobody else yet
            reached.socket.close()
            raise
        return cls(protocol, reached.address, seconds)

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as this side was told."""
        return self._protocol.is_connected

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self._of_transport("sslcontext") is not None

    @property
    def certificate(self) -> Certificate | None:
        """What the server showed; None without TLS."""
        return read_certificate(self._of_transport("ssl_object"))

    @property
    def local_address(self) -> str:
        """This end's IP address; empty when the connection is gone."""
        name = self._of_transport("sockname")
        return str(name[0]) if name else ""

    async def greeting(self) -> Answer:
        """Wait for the server's greeting."""
        return await self._answer(self._protocol.read_response(self.seconds), Verb.GREETING)

    async def command(self, line: bytes, verb: Verb) -> Answer:
        """Send one line and return the answer, whatever it says.

        Raises:
            TransientMailError: when there was no orderly answer; the wire is closed then.
            ValueError: when the line holds a control character or a byte outside ASCII.
        """
        if _CONTROL.search(line):
            raise ValueError("an SMTP command is one line of ASCII")
        return await self._answer(self._protocol.execute_command(line, timeout=self.seconds), verb)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Ask for TLS and negotiate it (RFC 3207).

        Raises:
            TransientMailError: when the server refuses, or its certificate is not good for `host`; the wire is
                closed then.
        """
        try:
            await self._protocol.start_tls(context, server_hostname=host, timeout=self.seconds)
        except SMTPResponseException as error:
            self.close()
            raise classify(error, Verb.STARTTLS) from None
        except (SMTPException, OSError) as error:
            self.close()
            raise classify(error, Verb.TLS) from None
        except BaseException:
            self.close()
            raise

    async def message(self, stuffed: bytes, before_dot: Callable[[], None]) -> Answer:
        """Send a message that `stuff` made ready, after the server asked for it, and return the verdict.

        `before_dot` is called in the last moment before the final dot travels. If it raises, the connection is
        closed without the dot, so that the server throws the mail away (RFC 5321 4.1.1.4).

        Raises:
            TransientMailError: at DATA when the final dot has not begun to travel, else `answer_lost` at DOT.
        """
        if len(stuffed) > ONE_WRITE:
            await self._send_all(stuffed)
            stuffed = b""
        try:
            before_dot()
        except BaseException:
            self.close()
            raise
        return await self._answer(self._verdict(stuffed + b".\r\n"), Verb.DOT)

    def close(self) -> None:
        """Close the connection at once; a second time does nothing."""
        if self._protocol.transport is not None:
            self._protocol.transport.close()

    async def _verdict(self, last: bytes) -> tuple[int, str]:
        """Send the end of a message and wait for what the server says to it."""
        self._protocol.write(last)
        return await self._protocol.read_response(self.seconds)

    async def _send_all(self, body: bytes) -> None:
        """Send bytes and wait until the last of them has left this process."""
        transport = self._protocol.transport
        sent = False
        try:
            if isinstance(transport, asyncio.WriteTransport):
                transport.set_write_buffer_limits(high=0)
            self._protocol.write(body)
            await asyncio.wait_for(self._protocol.drained.wait(), self.seconds)
            if not self.is_open:
                raise ConnectionResetError
            sent = True
        except (SMTPException, OSError) as error:
            raise classify(error, Verb.DATA) from None
        finally:
            if not sent:
                self.close()

    async def _answer(self, asked: Awaitable[tuple[int, str]], verb: Verb) -> Answer:
        """Wait for an answer; close the wire when none comes, and after 421."""
        orderly = False
        try:
            code, self.said = await asked
            orderly = code != CLOSING
        except (SMTPException, OSError) as error:
            raise classify(error, verb) from None
        finally:
            if not orderly:
                self.close()
        return read_answer(code, self.said)

    def _of_transport(self, key: str) -> Any:
        """Return what the transport knows, None when there is none."""
        transport = self._protocol.transport
        return None if transport is None else transport.get_extra_info(key)


def stuff(message: bytes) -> bytes:
    """Make a message ready for DATA: CRLF line ends alone, leading dots doubled (RFC 5321 4.5.2).

    A lone CR or LF would let two servers disagree on where the message ends.

    Raises:
        ValueError: when a byte is outside ASCII; no extension that allows one is ever asked for.
    """
    if not message.isascii():
        raise ValueError("a message is ASCII")
    if not message.count(b"\r\n") == message.count(b"\n") == message.count(b"\r"):
        message = _BARE.sub(b"\r\n", message)
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    message = message.replace(b"\r\n.", b"\r\n..")
    return b"." + message if message.startswith(b".") else message
