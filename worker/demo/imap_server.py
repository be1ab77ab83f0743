"""The demo's IMAP server: pymap in a process of its own, showing the Maildir that the sink fills."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from pysasl.hashing import BuiltinHash

USER = "demo"
MAILDIR = "inbox"
#: Seconds pymap may take to listen.
START_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


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
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write("pymap-etc-passwd", f"{USER}:x::::{MAILDIR}:\n")
        self._write("pymap-etc-shadow", f"{USER}:{BuiltinHash().hash(self._password)}:::::::\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        services = ["--no-service", "admin", "--no-service", "managesieve"]
        with open(self._folder / "pymap.log", "ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [
                    *(sys.executable, "-c", "from pymap.main import main; main()"),
                    *("--host", "127.0.0.1", "--port", str(port), "--no-tls", *services, "maildir"),
                    str(self._folder),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise OSError(f"the demo's IMAP server did not start: see {self._folder / 'pymap.log'}")
            time.sleep(0.05)
        return port

    def stop(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(3)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _write(self, name: str, text: str) -> None:
        with open(os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)


def end_with_parent() -> None:
    """Ask Linux to end this process when its parent dies; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
