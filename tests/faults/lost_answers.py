"""A PostgreSQL that dies the moment it has committed: nobody hears whether it did.

`CuttingDoor` stands between the workers and the server. Every nth COMMIT reaches the server and is done, and then
the connection is cut before its answer. Played on the wire of PostgreSQL (Frontend/Backend Protocol, message flow of
the simple and the extended query), which psycopg speaks without TLS here.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from dataclasses import replace

from tests.faults.inputs import batch
from tests.faults.system import System
from tests.faults.tally import Tally

#: Of so many commits one loses its answer.
EVERY = 5
#: Events published at a time.
BATCH = 10
#: What ends a transaction, as psycopg sends it.
COMMIT = b"COMMIT\0"
#: Seconds that the server gets to do it before the connection is cut.
DOING = 0.05
CHUNK = 65536


class CuttingDoor:
    """Listens on loopback and passes on to a port; every `every`th COMMIT loses its answer."""

    def __init__(self, port: int, every: int) -> None:
        self._to = port
        self._every = every
        self._commits = itertools.count(1)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        #: How many answers were lost.
        self.lost = 0
        threading.Thread(target=self._accept, name="cutting-door", daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
            threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what a client asks, until one of its commits is to lose its answer."""
        with contextlib.suppress(OSError):
            while asked := client.recv(CHUNK):
                cut = COMMIT in asked and next(self._commits) % self._every == 0
                if cut:
                    self.lost += 1
                    client.shutdown(socket.SHUT_RDWR)
                server.sendall(asked)
                if cut:
                    time.sleep(DOING)
                    break
        client.close()
        server.close()


def _pass_on(server: socket.socket, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while answered := server.recv(CHUNK):
            client.sendall(answered)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def lose_answers(system: System, port: int, batches: int) -> Tally:
    """Let two workers reach PostgreSQL at `port` through a door that cuts, and come to rest."""
    door = CuttingDoor(port, EVERY)
    url = system.ground.engine.url.set(port=door.port).render_as_string(hide_password=False)
    system.profile()
    for _ in range(2):
        system.worker(RUNMAIL_DATABASE_URL=url)
    system.clock()
    for number in range(batches):
        system.publish(batch(f"cut-{number}", BATCH))
        system.wait_recorded(BATCH * number + 1)
    seconds = system.drain()
    door.close()
    system.outages = door.lost
    return replace(system.rest("lost answers of commits"), seconds_to_drain=round(seconds, 1))
