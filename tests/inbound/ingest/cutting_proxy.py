"""A TCP proxy before a mail server that cuts the line or falls silent, as networks do."""

from __future__ import annotations

import contextlib
import socket
import threading


class CuttingProxy:
    """Listens on 127.0.0.1.

    `cut_after` octets from the server a connection is closed, None lets all through; `hold_after` octets, over all
    connections, it falls silent instead: it stays open and carries nothing more either way. `held` is then set.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_after: int | None = None
        self.hold_after: int | None = None
        self.held = threading.Event()
        #: Octets that came from the server, over all connections.
        self.carried = 0
        self.connections = 0
        self._open: list[socket.socket] = []
        self._silent: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Fall silent on every connection that is open now; those to come are carried."""
        self._silent.update(self._open)
        self.held.set()

    def stop(self) -> None:
        """Stop listening and close every connection."""
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Close every connection."""
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self.connections += 1
            self._open += [client, server]
            threading.Thread(target=self._carry, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, self.cut_after), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, cut_after: int | None) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while piece := source.recv(16_384):
                carried += len(piece)
                if cut_after is not None and carried > cut_after:
                    break
                if source.getpeername()[1] == self._target:
                    self.carried += len(piece)
                if self.hold_after is not None and self.carried > self.hold_after:
                    self.hold_after = None
                    self.hold()
                if source not in self._silent:
                    target.sendall(piece)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
