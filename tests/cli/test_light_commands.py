"""What a command does not load: each of these would cost a good part of the time that the command takes to start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DATABASE = ("sqlalchemy", "sqlmodel")
BROKER = ("redis", "dramatiq")
MAIL_SYSTEMS = ("aiosmtplib", "imapclient")
MAILS = ("consumers.mails", "jinja2", "PIL")
INBOUND = ("consumers.inbound.collecting", "consumers.inbound.reply_path", "consumers.inbound.reading.read_mail")
MIGRATING = ("alembic",)
READING = (*BROKER, *MAIL_SYSTEMS, *MAILS, *INBOUND, *MIGRATING)

PROGRAM = """
import sys
from worker.cli.main import app
try: app(sys.argv[1:], prog_name="runmail")
finally: print("loaded:", *sys.modules)
"""


def loaded(home: Path, *arguments: str) -> set[str]:
    """Run a command to its end; return the modules it had loaded by then."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**environment, "RUNMAIL_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.rpartition("loaded: ")[2].split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder whose database is up to date."""
    folder = tmp_path_factory.mktemp("home")
    assert "alembic" in loaded(folder, "profiles", "list")
    return folder


@pytest.mark.parametrize("command", ["profiles list", "deliveries list", "events list", "mutes list", "audit"])
def test_a_command_that_reads_the_database_loads_nothing_else(home: Path, command: str) -> None:
    modules = loaded(home, *command.split())

    assert "sqlalchemy" in modules
    assert not modules & set(READING)


def test_publishing_loads_neither_database_nor_mail_nor_before_it_is_needed_the_broker(home: Path) -> None:
    assert not loaded(home, "publish", "--help") & {*DATABASE, *READING}


@pytest.mark.parametrize("command", ["worker", "web"])
def test_explaining_a_process_loads_nothing_it_is_built_of(home: Path, command: str) -> None:
    assert not loaded(home, command, "--help") & set(READING)


def test_explaining_every_command_loads_no_alembic(home: Path) -> None:
    assert "alembic" not in loaded(home, "--help")
