"""A receiver of webhooks that answers as a test wants, and keeps what came."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    line: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HookServer:
    """Listens on the loopback; `answers` are given in turn, the last for ever. An answer of None hangs."""

    answers: list[bytes | None] = field(default_factory=lambda: [b"HTTP/1.1 204 No Content\r\n\r\n"])
    context: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._ended = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://localhost:{self.port}/hook?token=t"

    def stop(self) -> None:
        self._ended.set()
        self._socket.close()

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                line = stream.readline().decode("ascii").strip()
                headers = {}
                while header := stream.readline().strip():
                    name, _, value = header.decode("ascii").partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers["content-length"]))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                self.requests.append(Request(line, headers, body))
                if answer is None:
                    self._ended.wait(60)
                else:
                    connection.sendall(answer)
        except OSError:
            return


def answer(status: int, *headers: str) -> bytes:
    """Return an answer without a body."""
    return "\r\n".join([f"HTTP/1.1 {status} Told", "content-length: 0", *headers, "", ""]).encode()
