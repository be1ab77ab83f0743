"""The process that serves the page, until a signal comes; what is under way then is finished.

The server runs in a thread of its own, because it would take the signals for itself. It listens where it is told
and knows neither accounts nor pages.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import uvicorn
from starlette.types import ASGIApp

#: Seconds requests under way get when the process ends.
STOP_SECONDS = 5
#: Requests at once; more are told to come back.
MOST_AT_ONCE = 200
#: Connections that may wait to be accepted.
BACKLOG = 128
#: Seconds the server may take to begin.
START_SECONDS = 30.0


class AddressTaken(Exception):
    """Raised when the page's address cannot be opened; the text says what to do."""


class WebServer:
    """Serves an application on one address; `start` returns the port."""

    def __init__(self, application: ASGIApp, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_AT_ONCE,
                timeout_graceful_shutdown=STOP_SECONDS,
                timeout_keep_alive=15,
            )
        )
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._socket: socket.socket | None = None

    def start(self) -> int:
        """Open the address and serve.

        Raises:
            AddressTaken: when it cannot be opened.
        """
        try:
            self._socket = listening(self._host, self._port)
        except OSError as error:
            raise AddressTaken(
                f"the page's address {self._host} port {self._port} cannot be opened ({error.strerror or error}): "
                "choose another with --port or RUNMAIL_WEB_PORT"
            ) from None
        port: int = self._socket.getsockname()[1]
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        return port

    def is_alive(self) -> bool:
        """Say whether it serves."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish what is under way and end."""
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS + 2)
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()

    def _run(self) -> None:
        assert self._socket is not None
        self._server.run(sockets=[self._socket])


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    It says that it is one of TCP, which `socket.create_server` leaves out: asyncio sends small answers at once
    (TCP_NODELAY) on such sockets only, and on others each page waits 40 ms for the browser's delayed acknowledgement.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def free_port(wanted: int) -> int:
    """Return the wanted port of loopback if nobody listens there, else one that is free."""
    for port in (wanted, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as probe:
                return int(probe.getsockname()[1])
        except OSError:
            continue
    raise AddressTaken("no port of this machine is free")
