"""Real servers as child processes: found on the machine, started on a free port, waited for, ended by their id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

#: Where Debian keeps servers; not on every user's PATH.
SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/sbin"


class Missing(Exception):
    """Raised when a server is not on this machine, or is one that the rig cannot run; the text says which."""


def find_program(name: str, package: str) -> str:
    """Return a program's path.

    Raises:
        Missing: when it is not installed.
    """
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}")
    if path is None:
        raise Missing(f"{name} is not installed (Debian package {package})")
    return path


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens at now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


class Program:
    """A child process in a session of its own, with its output in a file, run as `account` if one is named."""

    def __init__(self, command: Sequence[str], log: Path, account: str | None = None) -> None:
        self._log = log
        group = pwd.getpwnam(account).pw_gid if account else None
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                user=account,
                group=group,
                extra_groups=[group] if group is not None else None,
                cwd=log.parent,
            )

    def wait_for_port(self, port: int, seconds: float = 20.0) -> None:
        """Wait until somebody listens at a port; fail with the program's own words when nobody does."""
        self.wait_until(lambda: _listens(port), seconds)

    def wait_until(self, ready: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until the program is ready."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self._process.args} is not ready: {self._log.read_text(errors='replace')}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the process and what it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, number)
                try:
                    self._process.wait(5)
                except subprocess.TimeoutExpired:
                    continue


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
