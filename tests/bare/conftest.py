"""A small checkout that starts like the real one, and a package index on loopback that can be made to stall."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: The command of the small checkout: it says what it became.
CLI = """
import importlib.metadata, json, os, signal, sys

def run():
    import leaf
    said = dict(arguments=sys.argv[1:], prefix=sys.prefix, pid=os.getpid(), leaf=leaf.VERSION,
                version=importlib.metadata.version("runmail"))
    print(json.dumps(said), flush=True)
    if "wait" in sys.argv:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))
        signal.pause()
"""


def leaf_wheel(version: str) -> bytes:
    """Return a wheel of the package `leaf`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        about = f"leaf-{version}.dist-info"
        # Sources of different length: bytecode of one second and one size is taken for that of the other.
        archive.writestr("leaf.py", f"VERSION = '{version}'\n" + "#" * int(version[0]))
        archive.writestr(f"{about}/METADATA", metadata(version))
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", f"leaf.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return content.getvalue()


def metadata(version: str) -> str:
    """Return what a wheel of `leaf` says of itself."""
    return f"Metadata-Version: 2.1\nName: leaf\nVersion: {version}\n"


#: Made once: a zip file carries the time, and a lock names the hash.
WHEELS = {version: leaf_wheel(version) for version in ("1.0", "2.0")}


class Index(ThreadingHTTPServer):
    """A package index with `leaf` in two versions; while `open` is not set, a download stalls."""

    daemon_threads = True

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Event()
        self.downloads: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/simple"


class Answer(BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        version = name.split("-")[1] if "-" in name else ""
        if self.path == "/simple/leaf/":
            links = (
                f'<a href="/files/leaf-{v}-py3-none-any.whl#sha256={hashlib.sha256(wheel).hexdigest()}"'
                f' data-core-metadata="true">leaf-{v}-py3-none-any.whl</a>'
                for v, wheel in WHEELS.items()
            )
            self._send(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode(), "text/html")
        elif name.endswith(".metadata"):
            self._send(metadata(version).encode(), "text/plain")
        elif name.endswith(".whl"):
            self.server.downloads.append(version)
            self.server.asked.set()
            self.server.open.wait(60)
            self._send(WHEELS[version], "application/octet-stream")
        else:
            self.send_error(404)

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet."""


@pytest.fixture
def index() -> Iterator[Index]:
    server = Index()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.open.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def uv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A uv: the one on PATH, the one this checkout was started with, or one installed for the tests."""
    found = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))
    if found:
        return Path(found)
    target = tmp_path_factory.mktemp("uv")
    python = getattr(sys, "_base_executable", sys.executable)
    lock = ROOT / "requirements" / "start.lock"
    subprocess.run(
        [
            python,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-cache-dir",
            "--target",
            target,
            "--require-hashes",
            "-r",
            lock,
        ],
        check=True,
    )
    return target / "bin" / "uv"


@dataclass
class Checkout:
    """A small checkout of runmail: the real start, one package, and a command that says what it became."""

    root: Path
    home: Path
    env: dict[str, str]
    python: str = sys.executable
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def lock(self, version: str) -> None:
        digest = hashlib.sha256(WHEELS[version]).hexdigest()
        for name in ("run.lock", "dev.lock"):
            (self.root / "requirements" / name).write_text(f"leaf=={version} \\\n    --hash=sha256:{digest}\n")

    def begin(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self.python, "-m", "worker", *arguments],
            cwd=self.root,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        self.running.append(process)
        return process

    def start(self, *arguments: str, **options: Any) -> tuple[int, dict[str, Any], str]:
        """Return the exit code, what the command said, and what stood on stderr."""
        return ended(self.begin(*arguments, **options))


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, json.loads(out) if out else {}, err


@pytest.fixture
def checkout(tmp_path: Path, uv: Path, index: Index) -> Iterator[Checkout]:
    root = tmp_path / "a checkout"
    (root / "worker" / "cli").mkdir(parents=True)
    (root / "requirements").mkdir()
    for name in ("__init__", "__main__", "bootstrap", "installing", "editable_wheel"):
        shutil.copy(ROOT / "worker" / f"{name}.py", root / "worker")
    (root / "worker" / "cli" / "__init__.py").touch()
    (root / "worker" / "cli" / "main.py").write_text(CLI)
    shutil.copy(ROOT / "pyproject.toml", root)
    home = tmp_path / "home"
    home.mkdir()
    made = Checkout(root, home, {"HOME": str(home), "PATH": str(uv.parent), "UV_DEFAULT_INDEX": index.url})
    made.lock("1.0")
    yield made
    index.open.set()
    for process in made.running:
        if process.poll() is None:
            process.kill()
            process.communicate()
