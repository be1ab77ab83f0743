"""An IMAP server of our own with one empty INBOX that misbehaves as the test declares. For what Dovecot never does.

    @pytest.mark.fault(verb="LOGIN", kind="drop")
    def test_…(start_imap_server):
        server = start_imap_server(security="tls", context=authority.server_context())

Verbs: GREETING, CAPABILITY, STARTTLS, LOGIN, AUTHENTICATE, EXAMINE, IDLE, DONE, and IDLING with kind `slow` (a mail
arrives after `seconds`) or `along` (a mail is told of in one piece with the answer to IDLE). Kinds: `no` (NO with
`text`), `bye` (BYE and close), `drop`, `hang`, `garbage`, `endless` (untagged lines for ever), `literal` (announces
300 MB), and at GREETING `preauth`, at STARTTLS `injected` (plain text after the OK). It records `lines`, every line as
it came.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable

from tests.rig.faults import Fault, Faults


class HungUp(EOFError):
    """Raised to end a session."""


class FaultyImapServer:
    """An IMAP server on 127.0.0.1 and a free port; `capabilities` are offered beside IMAP4rev1."""

    def __init__(
        self,
        *,
        security: str = "none",
        context: ssl.SSLContext | None = None,
        user: str = "qa@example.com",
        password: str = "sesame",
        capabilities: str = "IDLE",
        faults: Iterable[Fault] = (),
    ) -> None:
        self.security = security
        self.context = context
        self.user = user
        self.password = password
        self.capabilities = capabilities
        self.faults = Faults(faults)
        self.lines: list[bytes] = []
        #: Bytes of a `literal` that were sent before the client had enough.
        self.flooded = 0
        self.host = "127.0.0.1"
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, name="faulty-imap", daemon=True)

    def start(self) -> FaultyImapServer:
        """Serve from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Hang up on everyone and stop listening."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for opened in list(self._open):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                opened, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(opened,), daemon=True).start()

    def _serve(self, opened: socket.socket) -> None:
        self._open.add(opened)
        try:
            with contextlib.suppress(OSError, EOFError):
                if self.security == "tls":
                    assert self.context is not None
                    opened = self.context.wrap_socket(opened, server_side=True)
                _Session(self, opened).run()
        finally:
            opened.close()


class _Session:
    """The dialogue with one client."""

    def __init__(self, server: FaultyImapServer, opened: socket.socket) -> None:
        self.server = server
        self.take(opened)

    def take(self, opened: socket.socket) -> None:
        """Go on over another socket."""
        self.socket = opened
        self.file = opened.makefile("rb")

    def run(self) -> None:
        """Talk until the client leaves or a fault ends it."""
        fault = self.server.faults.at("GREETING")
        if fault and fault.kind == "preauth":
            self.say(b"* PREAUTH welcome back")
        elif fault:
            self.play(fault, b"*")
        else:
            self.say(b"* OK rig ready")
        while True:
            tag, verb, rest = [*self.line().split(b" ", 2), b"", b""][:3]
            verb = verb.upper()
            fault = self.server.faults.at(verb.decode("ascii", "replace"))
            if fault and fault.kind != "injected":
                self.play(fault, tag)
            else:
                self.answer(tag, verb, rest, injected=fault is not None)
            if verb == b"LOGOUT":
                return

    def answer(self, tag: bytes, verb: bytes, rest: bytes, *, injected: bool) -> None:
        """Do what an honest server does."""
        match verb:
            case b"CAPABILITY":
                offered = "IMAP4rev1 " + self.server.capabilities
                if self.server.security == "starttls" and not isinstance(self.socket, ssl.SSLSocket):
                    offered += " STARTTLS LOGINDISABLED"
                self.say(b"* CAPABILITY " + offered.encode())
            case b"STARTTLS":
                assert self.server.context is not None
                extra = b"\r\n* CAPABILITY IMAP4rev1 INJECTED" if injected else b""
                self.say(tag + b" OK begin" + extra)
                self.take(self.server.context.wrap_socket(self.socket, server_side=True))
                return
            case b"LOGIN":
                if rest != f'"{self.server.user}" "{self.server.password}"'.encode():
                    self.say(tag + b" NO [AUTHENTICATIONFAILED] wrong")
                    return
            case b"EXAMINE":
                self.say(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 1] valid")
            case b"IDLE":
                news = self.server.faults.at("IDLING")
                if news and news.kind == "along":
                    self.say(b"+ idling\r\n* 1 EXISTS")
                else:
                    self.say(b"+ idling")
                if news and news.kind == "slow":
                    time.sleep(news.seconds)
                    self.say(b"* 1 EXISTS")
                self.line()
                fault = self.server.faults.at("DONE")
                if fault:
                    self.play(fault, tag)
                    return
            case b"LOGOUT":
                self.say(b"* BYE see you")
        self.say(tag + b" OK done")

    def play(self, fault: Fault, tag: bytes) -> None:
        """Do what a fault says."""
        match fault.kind:
            case "no":
                self.say(tag + b" NO " + (fault.text or "no").encode())
            case "bye":
                self.say(b"* BYE " + (fault.text or "closing").encode())
                raise HungUp
            case "drop":
                raise HungUp
            case "hang":
                while self.file.readline():
                    pass
                raise HungUp
            case "garbage":
                self.say(b"\x1b[31mnot imap at all\x00")
            case "endless":
                while True:
                    self.say(b"\r\n".join([b"* OK still talking"] * 1000))
            case "literal":
                self.say(b"* LIST () {300000000}")
                while True:
                    self.socket.sendall(b"x" * 65536)
                    self.server.flooded += 65536
            case _:
                raise AssertionError(f"no such fault: {fault}")

    def say(self, line: bytes) -> None:
        """Send a line."""
        self.socket.sendall(line + b"\r\n")

    def line(self) -> bytes:
        """Read a line and record it."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise HungUp
        self.server.lines.append(line[:-2])
        return line[:-2]
