"""`runmail-client`: the contract's own files as a package of another name, alone in an environment of its own."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.bare.conftest import uv
from tests.rig.spine import Spine
from tests.rig.waiting import wait_until
from worker.bootstrap import settings_of_pip
from worker.editable_wheel import write_editable_wheel

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "consumers" / "contract"
#: What the plugin's users have beside it; everything of it is in dev.lock.
PYTEST = ("pytest", "iniconfig", "packaging", "pluggy", "pygments", "pytest-xdist", "execnet")

__all__ = ["uv"]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the build backend that its pyproject.toml names."""
    copy = tmp_path_factory.mktemp("build")
    folder = copy / "consumers" / "contract"
    shutil.copytree(CONTRACT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "LICENSE", copy)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(copy / "dist")]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    (built,) = (copy / "dist").glob("*.whl")
    return built


@dataclass(frozen=True)
class Place:
    """An environment with the client in it and none of the service."""

    folder: Path

    def run(self, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **variables}
        python = self.folder / "bin" / "python"
        command = [python, *arguments]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=90, check=False
        )


def install(uv: Path, place: Place, *arguments: str | Path) -> None:
    """Install with uv, from where this machine's pip installs and from the cache that the checkout's start filled."""
    own = {"UV_CACHE_DIR": str(ROOT / ".tools" / "uv-cache"), "UV_SYSTEM_CERTS": "1", **settings_of_pip()}
    done = subprocess.run(
        [uv, "pip", "install", "--python", place.folder / "bin" / "python", *arguments],
        env={**own, **os.environ},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def locked(names: tuple[str, ...]) -> str:
    """Return the lines of dev.lock that pin these packages."""
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements" / "dev.lock").read_text("utf-8"))
    return "\n".join(block for block in blocks if block.partition("==")[0] in names)


@pytest.fixture(scope="session")
def place(wheel: Path, uv: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A fresh environment with the client, and what it needs as its own lock pins it."""
    made = Place(tmp_path_factory.mktemp("client") / "venv")
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, made.folder], check=True, timeout=60)
    install(uv, made, "--require-hashes", "-r", ROOT / "requirements" / "client.lock")
    install(uv, made, "--no-deps", "--no-index", wheel)
    return made


@pytest.fixture(scope="session")
def place_with_pytest(place: Place, wheel: Path, uv: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same with pytest and xdist; an environment of its own, so that the other one stays without."""
    folder = tmp_path_factory.mktemp("with-pytest")
    lock = folder / "pytest.lock"
    lock.write_text(locked(PYTEST))
    made = Place(folder / "venv")
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, made.folder], check=True, timeout=60)
    install(uv, made, "--require-hashes", "-r", ROOT / "requirements" / "client.lock", "-r", lock)
    install(uv, made, "--no-deps", "--no-index", wheel)
    return made


def sources(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}


def imported(source: str) -> set[str]:
    """Return the first parts of what a module imports absolutely, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


def test_the_wheel_holds_every_module_of_the_contract_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert {name for name in names if "dist-info" not in name} == {
        *(f"runmail_client/{path.relative_to(CONTRACT)}" for path in CONTRACT.rglob("*.py")),
        "runmail_client/py.typed",
        "runmail_client/LICENSE",
    }


def test_no_module_of_the_wheel_knows_the_service_or_another_package(wheel: Path) -> None:
    allowed = {*sys.stdlib_module_names, "pydantic", "redis"}
    for name, source in sources(wheel).items():
        mayuse = allowed | ({"pytest"} if name.startswith("runmail_client/pytest_") else set())
        assert imported(source) <= mayuse, name
        assert not re.search(r"\b(?:consumers|worker|profiles)\.\w", source), name


def test_it_is_described_as_the_service_is_and_needs_two_packages(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    with zipfile.ZipFile(wheel) as archive:
        (about,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = message_from_bytes(archive.read(about))
        entry_points = archive.read(about.replace("METADATA", "entry_points.txt")).decode()

    assert (metadata["Name"], metadata["Version"]) == ("runmail-client", project["version"])
    assert metadata["Requires-Python"] == project["requires-python"]
    needed = metadata.get_all("Requires-Dist") or []
    assert set(needed) <= set(project["dependencies"])
    assert [re.match(r"[\w-]+", each)[0] for each in needed] == ["pydantic", "redis"]  # type: ignore[index]
    # One name in both: pytest loads one plugin of a name.
    assert entry_points.split() == ["[pytest11]", "runmail", "=", "runmail_client.pytest_plugin"]
    assert list(project["entry-points"]["pytest11"]) == ["runmail"]


def test_the_lock_pins_what_the_other_locks_pin(wheel: Path) -> None:
    lock = (ROOT / "requirements" / "client.lock").read_text("utf-8")
    for name in ("run.lock", "dev.lock"):
        other = (ROOT / "requirements" / name).read_text("utf-8")
        for pin in re.findall(r"^[\w-]+==\S+", lock, re.MULTILINE):
            # Packages for older Pythons than the one of the lock need not be in both.
            if pin.partition("==")[0] in other:
                assert pin in other, f"{pin} is not in {name}: compile client.lock anew, as the others were"


#: Imports every module, and asks for every public name; prints what it imported.
IMPORT_ALL = """
import importlib, importlib.util, pkgutil, sys
import runmail_client
for name in ("consumers", "worker", "profiles", "dramatiq", "pytest"):
    assert importlib.util.find_spec(name) is None, name
names = [module.name for module in pkgutil.iter_modules(runmail_client.__path__)]
for name in names:
    if name not in ("pytest_run", "failover", "retrying"):  # pytest loads the first, and a Redis client the others
        importlib.import_module(f"runmail_client.{name}")
for name in runmail_client.__all__:
    assert getattr(runmail_client, name).__module__.startswith("runmail_client."), name
assert "redis" not in sys.modules
print(*names)
"""


def test_every_module_and_every_public_name_is_there_without_the_service(place: Place, tmp_path: Path) -> None:
    done = place.run("-c", IMPORT_ALL, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert {"events", "publisher", "pytest_plugin", "schema"} <= set(done.stdout.split())


PUBLISH = """
import sys
from runmail_client import Publisher, RunFinished
event = RunFinished(
    source="ci.example.com/checkout-api",
    id="run-2209",
    data={"profile": "QA alerts", "recipients": ["team@example.com"], "suite": "checkout-api", "outcome": "passed"},
)
with Publisher(sys.argv[1]) as publisher:
    print(publisher.publish(event))
"""


@pytest.mark.real("redis")
def test_what_it_publishes_becomes_mail_by_a_real_worker(place: Place, spine: Spine, tmp_path: Path) -> None:
    spine.profile()
    spine.work()
    done = place.run("-c", PUBLISH, spine.broker_url, cwd=tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "run-2209\n", "")
    spine.settled(sent=1)


@pytest.mark.real("redis")
def test_pytest_finds_the_plugin_there_and_a_run_under_xdist_becomes_one_mail(
    place_with_pytest: Place, spine: Spine, tmp_path: Path
) -> None:
    spine.profile()
    spine.work()
    folder = tmp_path / "checkout-api"
    folder.mkdir()
    (folder / "test_a.py").write_text("def test_a(): pass\ndef test_b(): assert 1 == 2\n")
    asked = ("--runmail-profile", "QA alerts", "--runmail-to", "team@example.com", "--runmail-deadline", "60")
    done = place_with_pytest.run(
        *("-m", "pytest", "-n", "2", *asked),
        cwd=folder,
        RUNMAIL_BROKER_URL=spine.broker_url,
        RUNMAIL_WAIT="60",
    )

    assert done.returncode == 1
    assert "runmail: published to profile 'QA alerts': failed, 2 tests" in done.stdout, done.stdout + done.stderr
    spine.settled(sent=1)
    wait_until(lambda: len(spine.events()) == 2)
    states: dict[str, Any] = {each["type"]: each["state"] for each in spine.events()}
    assert states == {"runmail.run.finished": "planned", "runmail.run.started": "skipped"}
    assert b"1 of 2 failed" in spine.server.transactions[0].message


@pytest.mark.real("redis")
@pytest.mark.parametrize("first", ["the client", "the service"])
def test_where_both_are_installed_one_of_them_acts(first: str, wheel: Path, spine: Spine, tmp_path: Path) -> None:
    folders = [tmp_path / "client", tmp_path / "service"]
    editable = write_editable_wheel(ROOT, tmp_path)
    for folder, archive in zip(folders, (wheel, editable), strict=True):
        zipfile.ZipFile(archive).extractall(folder)
    if first == "the service":
        folders.reverse()
    (tmp_path / "test_a.py").write_text("def test_a(): pass\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--runmail-profile", "QA alerts", "test_a.py"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, [*folders, ROOT])),
            "RUNMAIL_BROKER_URL": spine.broker_url,
            "RUNMAIL_WAIT": "60",
        },
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("runmail: published") == 1
    spine.work()
    wait_until(lambda: len(spine.events()) == 1)
