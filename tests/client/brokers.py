"""Brokers that misbehave: one that never answers, and one that answers late. Real sockets on the loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit


class Listener:
    """Accepts connections and hands each to `serve` in a thread of its own, until closed."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._socket.close()
        for connection in self._open:
            connection.close()


def never_answers(connection: socket.socket) -> None:
    """Read everything and say nothing."""
    try:
        while connection.recv(65536):
            pass
    except OSError:
        return


def answers_late(redis_url: str, seconds: float) -> Callable[[socket.socket], None]:
    """Make what passes everything to a Redis and its answers back after `seconds`."""
    parts = urlsplit(redis_url)
    place = (parts.hostname or "127.0.0.1", parts.port or 6379)

    def serve(connection: socket.socket) -> None:
        with socket.create_connection(place) as upstream:
            threading.Thread(target=_pass_on, args=(upstream, connection, seconds), daemon=True).start()
            _pass_on(connection, upstream, 0)

    return serve


def _pass_on(source: socket.socket, target: socket.socket, seconds: float) -> None:
    try:
        while data := source.recv(65536):
            time.sleep(seconds)
            target.sendall(data)
    except OSError:
        return
