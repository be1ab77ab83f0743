"""Secrets come from files where containers put them, and a file that cannot be read is named without its content."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.conftest import Started

KEYS = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def test_all_three_secrets_may_lie_in_files(started: Started, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"
    for name, value in (("DATABASE_URL", database), ("BROKER_URL", started.broker_url), ("SECRET_KEYS", KEYS)):
        (tmp_path / name).write_text(f"{value}\n")
    files = {f"RUNMAIL_{name}_FILE": str(tmp_path / name) for name in ("DATABASE_URL", "BROKER_URL", "SECRET_KEYS")}
    started.broker_url = ""

    assert started.run("migrate", **files).returncode == 0
    assert (tmp_path / "elsewhere.sqlite3").exists()
    done = started.run("doctor", **files)
    assert "✓ secret keys: readable" in done.stdout
    assert "✓ broker: Redis" in done.stdout
    assert "is no setting" not in done.stdout
    assert not (tmp_path / "secret-keys").exists()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"RUNMAIL_SECRET_KEYS_FILE": "/nowhere"},
            "RUNMAIL_SECRET_KEYS_FILE: /nowhere cannot be read (No such file or directory)",
        ),
        (
            {"RUNMAIL_SECRET_KEYS_FILE": "/x", "RUNMAIL_SECRET_KEYS": "opensesame"},
            "RUNMAIL_SECRET_KEYS and RUNMAIL_SECRET_KEYS_FILE are both set: keep one",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(started: Started, variables: dict[str, str], said: str) -> None:
    done = started.run("audit", **variables)

    assert (done.returncode, done.stderr) == (2, f"runmail: {said}\n")
