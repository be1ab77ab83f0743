"""One HTTP/1.1 request: POST a body to a checked address and read the answer's status and headers; no more.

The name is resolved once and the address that was checked is connected to; TLS verifies the name. Redirects are not
followed, and the body of an answer is not read: nothing of an inner system's page may come back to whoever set an
address.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from profiles.classify import classify
from profiles.errors import MailError, WebhookUnusable
from profiles.reach import BY_SYSTEM, PUBLIC_ONLY, Reach
from profiles.tls import client_context
from profiles.verbs import Verb
from profiles.webhook_address import WebhookAddress, is_private_host, read_address

#: Bytes of the status line and headers of an answer.
MOST_HEADERS = 64 * 1024
#: Interim answers (RFC 9110 15.2) that are passed over.
MOST_INTERIM = 5
#: Characters of a status line that are kept.
MOST_ANSWER = 200

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: ([^\r\n]*))?\r?\n")


class NotSent(Exception):
    """Raised when no answer came; `reason` is a stable snake_case name. The request may have arrived all the same."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without its body; `retry_after` in seconds, 0 where it asks for none."""

    status: int
    phrase: str
    retry_after: int = 0

    def __str__(self) -> str:
        return f"HTTP {self.status} {self.phrase}".rstrip()


@dataclass(frozen=True, slots=True)
class Post:
    """Sends requests. `private_hosts` are those that may have private addresses and may be spoken to without TLS."""

    private_hosts: Collection[str] = frozenset()
    ca_file: str | None = None
    #: Seconds for everything together: name, connection, TLS, request and answer.
    seconds: float = 20.0
    public: Reach = field(default=PUBLIC_ONLY)
    private: Reach = field(default=BY_SYSTEM)

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request.

        Raises:
            NotSent: `address_unusable`, `timed_out`, `no_http`, or the named reason of a failed connection.
        """
        try:
            address = read_address(url, self.private_hosts)
        except WebhookUnusable:
            raise NotSent("address_unusable") from None
        try:
            async with asyncio.timeout(self.seconds):
                return await self._exchange(address, headers, body)
        except TimeoutError:
            raise NotSent("timed_out") from None
        except MailError as error:
            raise NotSent(error.reason) from None
        except OSError as error:  # ssl's are too, and one of them is also a ValueError
            raise NotSent(classify(error, Verb.TLS if address.is_tls else Verb.CONNECT).reason) from None
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            raise NotSent("no_http") from None

    async def _exchange(self, address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> Answer:
        reach = self.private if is_private_host(address.host, self.private_hosts) else self.public
        checked = await reach.resolve_async(address.host, address.port, self.seconds)
        reached = await reach.connect_async(checked, address.port, self.seconds)
        try:
            context = client_context(self.ca_file) if address.is_tls else None
            reader, writer = await asyncio.open_connection(
                sock=reached.socket,
                ssl=context,
                server_hostname=address.host if context else None,
                limit=MOST_HEADERS,
            )
        except BaseException:
            reached.socket.close()
            raise
        try:
            writer.write(_request(address, headers, body))
            await writer.drain()
            return await _read_answer(reader)
        finally:
            # Nothing more is wanted of the other side, not even an orderly end.
            writer.transport.abort()


def _request(address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {address.target} HTTP/1.1",
        f"host: {address.authority}",
        "user-agent: runmail",
        "connection: close",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


async def _read_answer(reader: asyncio.StreamReader) -> Answer:
    for _ in range(MOST_INTERIM + 1):
        head = await reader.readuntil(b"\r\n\r\n")
        found = _STATUS.match(head)
        if found is None:
            raise ValueError("no status line")
        status = int(found[1])
        if status >= 200:
            phrase = (found[2] or b"").decode("ascii", "replace")[:MOST_ANSWER]
            return Answer(status, "".join(char if char.isprintable() else "?" for char in phrase), _retry_after(head))
    raise ValueError("only interim answers")


def _retry_after(head: bytes) -> int:
    """Return the seconds of the header Retry-After (RFC 9110 10.2.3); its form as a date is passed over."""
    found = re.search(rb"\r\nretry-after:[ \t]*([0-9]{1,9})[ \t]*\r\n", head, re.IGNORECASE)
    return int(found[1]) if found else 0
