"""`runmail --version`."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from worker.cli.main import app

PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"


def test_the_version_is_that_of_the_package() -> None:
    done = CliRunner().invoke(app, ["--version"])

    version = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]
    assert (done.exit_code, done.output) == (0, f"runmail {version}\n")


def test_a_folder_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    done = CliRunner().invoke(app, ["--version"])

    assert done.exit_code == 0
    assert "not installed as a package" in done.output
