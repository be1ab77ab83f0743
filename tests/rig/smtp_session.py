"""One client's session with the faulty server: the rules of SMTP, and a fault wherever one is declared.

Logins are checked by `smtp_auth`; records are kept by the server.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tests.rig import smtp_auth
from tests.rig.faults import Fault

if TYPE_CHECKING:
    from tests.rig.smtp_server import FaultySmtpServer

#: Lines of a `long_reply`: more than any honest server says, less than a client may wait for.
LONG = 10_000


class HungUp(EOFError):
    """Raised to end a session: a fault closed it, or the client left."""


class Session:
    """The dialogue with one client."""

    def __init__(
        self,
        server: FaultySmtpServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        number: int,
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.number = number
        self.encrypted = server.security == "tls"
        self.user: str | None = None
        self._forget()

    async def run(self) -> None:
        """Talk until the client leaves or a fault ends it."""
        await self._answer("BANNER", b"220 rig ESMTP\r\n")
        while True:
            line = await self._line()
            self.server.note_line(line)
            verb = line.split(b" ")[0].split(b":")[0].upper().decode("ascii", "replace")
            command = getattr(self, f"_on_{verb.lower()}", None)
            if command is None:
                await self.say(b"500 5.5.1 what?\r\n")
            else:
                await command(line)
            if verb == "QUIT":
                return

    async def say(self, reply: bytes) -> None:
        """Send bytes."""
        self.writer.write(reply)
        await self.writer.drain()

    async def ask(self, prompt: bytes) -> bytes:
        """Send a 334 and return the client's answer."""
        await self.say(b"334 " + prompt + b"\r\n")
        return await self._line()

    async def _on_ehlo(self, line: bytes) -> None:
        self._forget()
        offered = ["rig.test", "SIZE 50000000", "ENHANCEDSTATUSCODES"]
        if self.server.security == "starttls" and not self.encrypted:
            if not self.server.faults.has("STARTTLS", "stripped"):
                offered.append("STARTTLS")
        elif self.server.users:
            offered.append("AUTH " + " ".join(self.server.mechanisms))
        lines = [f"250-{text}\r\n" for text in offered[:-1]] + [f"250 {offered[-1]}\r\n"]
        await self._answer("EHLO", "".join(lines).encode())

    async def _on_starttls(self, line: bytes) -> None:
        fault = self.server.faults.at("STARTTLS")
        if fault and fault.kind == "injected":
            # Written as one piece, so that it reaches the client's buffer before TLS begins.
            self.writer.write(b"220 go ahead\r\n250-injected\r\n250 AUTH CRAM-MD5\r\n")
        elif fault and fault.kind == "plain":
            await self.say(b"220 go ahead\r\n")
            await self.reader.read(1024)  # the client's part of a handshake that never comes about
            await self.say(b"250 still in plain text\r\n")
            raise HungUp
        elif fault:
            await self._play(fault, b"220 go ahead\r\n")
        else:
            self.writer.write(b"220 go ahead\r\n")
        assert self.server.context is not None
        await self.writer.start_tls(self.server.context)
        self.encrypted = True
        self._forget()

    async def _on_auth(self, line: bytes) -> None:
        fault = self.server.faults.at("AUTH")
        if fault and fault.kind != "slow":
            await self._play(fault, b"")
            return
        user = await smtp_auth.check(self, line, self.server.users)
        if user is None:
            await self.say(b"535 5.7.8 user or password not right\r\n")
        else:
            self.user = user
            await self.say(b"235 2.7.0 welcome\r\n")

    async def _on_mail(self, line: bytes) -> None:
        if self.server.users and self.user is None:
            await self.say(b"530 5.7.0 log in first\r\n")
            return
        if self.sender is not None:
            await self.say(b"503 5.5.1 one at a time\r\n")
            return
        if await self._answer("MAIL", b"250 2.1.0 sender taken\r\n"):
            self.sender = _address(line)

    async def _on_rcpt(self, line: bytes) -> None:
        if self.sender is None:
            await self.say(b"503 5.5.1 MAIL first\r\n")
            return
        recipient = _address(line)
        if await self._answer("RCPT", b"250 2.1.5 recipient taken\r\n", (recipient,)):
            self.recipients.append(recipient)

    async def _on_data(self, line: bytes) -> None:
        if not self.recipients:
            await self.say(b"503 5.5.1 RCPT first\r\n")
            return
        if not await self._answer("DATA", b"354 go ahead\r\n"):
            return
        fault = self.server.faults.at("BODY", self.recipients)
        if fault:
            await self.reader.read(1024)
            await self._play(fault, b"")
            return
        message = await self._message()
        fault = self.server.faults.at("DOT", self.recipients)
        if fault is None or fault.taken or fault.kind == "slow":
            self._take(message)
        self._forget()
        if fault is None:
            await self.say(b"250 2.0.0 taken\r\n")
        else:
            await self._play(fault, b"250 2.0.0 taken\r\n")
        kept = self.server.faults.at("KEPT")
        if kept:
            await self._play(kept, b"")

    async def _on_rset(self, line: bytes) -> None:
        self._forget()
        await self._answer("RSET", b"250 2.0.0 forgotten\r\n")

    async def _on_quit(self, line: bytes) -> None:
        await self._answer("QUIT", b"221 2.0.0 bye\r\n")

    async def _answer(self, verb: str, good: bytes, recipients: tuple[str, ...] = ()) -> bool:
        """Give the good answer, or play the fault declared for now; say whether it was the good one."""
        fault = self.server.faults.at(verb, recipients)
        if fault is None:
            await self.say(good)
            return True
        await self._play(fault, good)
        return fault.kind == "slow"

    async def _play(self, fault: Fault, good: bytes) -> None:
        """Do what a fault says."""
        code = good[:3] or b"250"
        match fault.kind:
            case "4xx" | "5xx":
                await self.say(fault.answer)
            case "421":
                await self.say(fault.answer)
                raise HungUp
            case "drop":
                raise HungUp
            case "hang":
                while await self.reader.read(65536):
                    pass  # whatever still comes is not answered
                raise HungUp
            case "slow":
                await asyncio.sleep(fault.seconds)
                await self.say(good)
            case "trickle":
                for byte in good:
                    await self.say(bytes([byte]))
                    await asyncio.sleep(fault.seconds)
            case "garbage":
                await self.say(b"\x1b[31mnot smtp at all\x00\r\n")
            case "long_reply":
                await self.say((code + b"-and so on\r\n") * LONG + good)
            case "endless":
                while True:
                    await self.say((code + b"-and so on\r\n") * 100)
            case _:
                raise AssertionError(f"no such fault: {fault}")

    def _take(self, message: bytes) -> None:
        """Record the mail."""
        from tests.rig.smtp_server import Transaction  # the server imports this module

        assert self.sender is not None
        self.server.note_taken(
            Transaction(
                sender=self.sender,
                recipients=tuple(self.recipients),
                message=message,
                at=time.monotonic(),
                user=self.user,
                encrypted=self.encrypted,
                connection=self.number,
            )
        )

    def _forget(self) -> None:
        """Begin a new transaction."""
        self.sender: str | None = None
        self.recipients: list[str] = []

    async def _line(self) -> bytes:
        line = await self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise HungUp
        return line[:-2]

    async def _message(self) -> bytes:
        """Read up to the final dot and undo dot-stuffing (RFC 5321 4.5.2)."""
        lines = []
        while (line := await self.reader.readline()) != b".\r\n":
            if not line:
                raise HungUp
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


def _address(line: bytes) -> str:
    """Return what stands between the angle brackets."""
    return line.partition(b"<")[2].rpartition(b">")[0].decode("ascii", "replace")
