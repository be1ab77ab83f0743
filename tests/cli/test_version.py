"""`runmail --version`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from typer.testing import CliRunner

from worker.cli.main import app
from worker.cli.version import version_of

PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"


def test_the_version_is_that_of_the_package() -> None:
    done = CliRunner().invoke(app, ["--version"])

    version = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]
    assert (done.exit_code, done.output) == (0, f"runmail {version}\n")


def test_a_folder_that_is_not_installed_says_so() -> None:
    assert "not installed as a package" in version_of("runmail-that-nobody-installed")
