"""A folder of tests and a run of pytest with the plugin in it, in a process of its own as people run it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.publish.test_publish_files import published

ROOT = Path(__file__).parents[2]
#: Only these plugins, by name: the same in every environment, and quick to start.
PLUGINS = ("-p", "consumers.contract.pytest_plugin", "-p", "xdist.plugin", "-p", "pytest_rerunfailures")
ASKED = ("--runmail-profile", "QA alerts")
#: A busy machine may need longer than the second that a run is held up by default; what is measured has the default.
PATIENT = {"RUNMAIL_WAIT": "60"}


@dataclass(frozen=True)
class Done:
    """A run of pytest that ended. `line` is what the plugin said in the terminal."""

    code: int
    out: str

    @property
    def line(self) -> str:
        said = [line.removeprefix("runmail: ") for line in self.out.splitlines() if line.startswith("runmail: ")]
        return "\n".join(said)


@dataclass
class Project:
    """A folder of tests, and the broker that a run of it publishes to."""

    folder: Path
    broker_url: str | None

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(textwrap.dedent(text), "utf-8")

    def begin(self, *options: str, **variables: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **({"RUNMAIL_BROKER_URL": self.broker_url} if self.broker_url else {}),
            **PATIENT,
            **variables,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *PLUGINS, "-p", "no:cacheprovider", *options],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *options: str, **variables: str) -> Done:
        return ended(self.begin(*options, **variables))


def ended(process: subprocess.Popen[str]) -> Done:
    out, _ = process.communicate(timeout=90)
    return Done(process.returncode, out)


@pytest.fixture
def project(tmp_path: Path, broker_url: str) -> Project:
    folder = tmp_path / "checkout-api"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    return Project(folder, broker_url)


def only(broker: redis.Redis) -> dict[str, Any]:
    """Return the one event that was published."""
    (event,) = published(broker)
    return event


def counts(event: dict[str, Any]) -> dict[str, int]:
    return {name: number for name, number in event["data"]["counts"].items() if number}
