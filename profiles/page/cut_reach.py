"""A reach whose connections can be cut from outside, so that no server holds a thread for ever."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field

from profiles.errors import TransientMailError
from profiles.reach import Reach, Reached
from profiles.verbs import Verb


class Cutter:
    """Holds a second handle on each connection, which stays good when the first is wrapped in TLS."""

    def __init__(self) -> None:
        self._handles: list[socket.socket] = []
        self._is_cut = False

    def keep(self, reached: Reached) -> Reached:
        """Note a connection; one that comes after the cut is closed at once.

        Raises:
            TransientMailError: `timed_out` after the cut.
        """
        if self._is_cut:
            reached.socket.close()
            raise TransientMailError("timed_out", verb=Verb.CONNECT)
        self._handles.append(reached.socket.dup())
        return reached

    def cut(self) -> None:
        """End every connection, and let no further one come."""
        self._is_cut = True
        for handle in list(self._handles):
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Close the second handles; the connections belong to those who opened them."""
        while self._handles:
            self._handles.pop().close()


@dataclass(frozen=True, slots=True)
class CutReach(Reach):
    """Does what Reach does, and gives what it connects to its cutter."""

    cutter: Cutter = field(default_factory=Cutter)

    def connect(self, addresses: tuple[str, ...], port: int, seconds: float) -> Reached:
        """Connect as Reach does."""
        return self.cutter.keep(Reach.connect(self, addresses, port, seconds))

    async def connect_async(self, addresses: tuple[str, ...], port: int, seconds: float) -> Reached:
        """Connect as Reach does."""
        return self.cutter.keep(await Reach.connect_async(self, addresses, port, seconds))
