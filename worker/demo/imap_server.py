"""The demo's IMAP server: pymap in a process of its own, showing the Maildir that the sink fills.

The process ends when its stdin does, so it cannot outlive the demo however that ends. Run as
`python -m worker.demo.imap_server` with pymap's own arguments.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

USER = "demo"
MAILDIR = "inbox"
#: Seconds pymap may take to listen, and to end.
START_SECONDS = 20.0
STOP_SECONDS = 3.0
#: Starts that are tried: another program may take the port in between.
TRIES = 3


class ImapServer:
    """Serves one mailbox on loopback. The password stands hashed in a private file, never on a command line."""

    def __init__(self, folder: Path, password: str) -> None:
        self._folder = folder
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Start serving; return the port.

        Raises:
            OSError: when it does not listen in time.
        """
        from pysasl.hashing import BuiltinHash

        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The names and the columns are those of pymap's Maildir backend, after passwd(5) and shadow(5).
        self._write("pymap-etc-passwd", f"{USER}:x::::{MAILDIR}:\n")
        self._write("pymap-etc-shadow", f"{USER}:{BuiltinHash().hash(self._password)}:::::::\n")
        for _ in range(TRIES):
            port = self._try_start()
            if port is not None:
                return port
        raise OSError(f"the demo's IMAP server did not start: see {self._folder / 'pymap.log'}")

    def stop(self) -> None:
        """End the server; does nothing when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()

    def _try_start(self) -> int | None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        services = ["--no-service", "admin", "--no-service", "managesieve"]
        with open(self._folder / "pymap.log", "ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [
                    *(sys.executable, "-m", "worker.demo.imap_server"),
                    *("--host", "127.0.0.1", "--port", str(port), "--no-tls", *services, "maildir"),
                    str(self._folder),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Out of the terminal's group: Ctrl-C ends the reader first, then this.
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if _listens(port):
                return port
            time.sleep(0.05)
        self.stop()
        return None

    def _write(self, name: str, text: str) -> None:
        with open(os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end_with_stdin() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    from pymap.main import main

    threading.Thread(target=_end_with_stdin, daemon=True).start()
    main()
