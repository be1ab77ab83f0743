"""A stand-in for Redis in Python, for machines where no server can be had. It keeps nothing when it ends.

Run as `python -m worker.stand_in_redis PORT` with the password as a line on stdin; a signal ends it. fakeredis asks
nobody for a password, so a connection is let in only when its first command carries it (AUTH, or HELLO … AUTH).
"""

from __future__ import annotations

import contextlib
import hmac
import select
import sys
from socketserver import BaseRequestHandler
from typing import Any

from fakeredis import TcpFakeServer

#: Seconds a connection has to send its first command, and the most bytes of it: it is a greeting, not work.
GREETING_SECONDS = 5.0
GREETING_BYTES = 4096


def serve(port: int, password: str) -> None:
    """Serve on loopback until ended."""
    server = TcpFakeServer(("127.0.0.1", port), server_type="redis")
    server.fake_server.config[b"requirepass"] = password.encode()
    server.daemon_threads = True
    serving: Any = server.RequestHandlerClass
    server.RequestHandlerClass = type("Asking", (AsksForPassword, serving), {"password": password.encode()})
    server.serve_forever()


class AsksForPassword(BaseRequestHandler):
    """Stands before fakeredis's own way to serve a connection, and lets in who gives the password first."""

    password: bytes
    current_client: Any

    def handle(self) -> None:
        """Serve the connection, or end it with an error."""
        greeting = b""
        while (words := first_command(greeting)) is None and len(greeting) <= GREETING_BYTES:
            readable, _, _ = select.select([self.request], [], [], GREETING_SECONDS)
            received = self.request.recv(GREETING_BYTES) if readable else b""
            if not received:
                return
            greeting += received
        if not carries(self.password, words or []):
            with contextlib.suppress(OSError):
                self.request.sendall(b"-NOAUTH Authentication required.\r\n")
            return
        self.current_client.get_socket().sendall(greeting)
        super().handle()


def first_command(received: bytes) -> list[bytes] | None:
    """Return the words of the first command (an array of bulk strings, RESP), None while it is incomplete.

    What is no such array is an empty command.
    """
    lines = received.split(b"\r\n")
    if len(lines) < 2:
        return None
    if not (lines[0].startswith(b"*") and lines[0][1:].isdigit()):
        return []
    # A word may hold a line break, but neither a password of ours nor AUTH does: line by line is enough.
    words = lines[2 : 1 + 2 * int(lines[0][1:]) : 2]
    return words if len(lines) > 1 + 2 * int(lines[0][1:]) else None


def carries(password: bytes, words: list[bytes]) -> bool:
    """Say whether a command authenticates with the password."""
    authenticates = any(word.upper() == b"AUTH" for word in words[:3])
    return authenticates and any(hmac.compare_digest(word, password) for word in words)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.stdin.readline().strip())
