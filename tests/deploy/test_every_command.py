"""What holds for every command: help with an example, JSON where it prints, no colours when piped, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.deploy.conftest import Started
from worker.cli.main import app

#: Commands that run until they are ended, ask questions, or hand over to another program.
RUNNING = {"worker", "clock", "up", "web", "demo", "test", "profiles new"}
PROFILES = """
[[profile]]
name = "QA alerts"
from = "qa@example.com"
smtp = { host = "127.0.0.1", port = 1, security = "none" }
[[profile]]
name = "Night"
from = "qa@example.com"
smtp = { host = "127.0.0.1", port = 1, security = "none" }
"""


def walk(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command that is no group, with its words."""
    names = command.list_commands(None) if hasattr(command, "list_commands") else []
    for name in names:
        yield from walk(command.get_command(None, name), f"{path} {name}".strip())
    if not names:
        yield path, command


COMMANDS = [(path, command) for path, command in walk(get_command(app)) if not path.endswith("FILE|-")]


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[path for path, _ in COMMANDS])
def test_a_command_has_help_with_an_example_and_json_where_it_prints(path: str, command: Any) -> None:
    assert command.help, path
    assert "Example" in (command.epilog or ""), path
    words = command.epilog.split("runmail ", 1)[-1] if "runmail " in command.epilog else command.epilog
    assert words.startswith(path) or "python3 -m worker " + path in command.epilog, command.epilog
    options = {option for parameter in command.params for option in parameter.opts}
    assert path in RUNNING or "--json" in options, path


def test_the_groups_name_an_example_too() -> None:
    group: Any = get_command(app)
    for name in group.list_commands(None):
        assert "Example" in (group.get_command(None, name).epilog or ""), name


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("profiles", "list"),
        ("doctor",),
        ("deliveries", "show", "1"),
        ("prune", "--older-than", "90d"),
        ("nonsense",),
    ],
)
def test_nothing_is_coloured_when_piped(started: Started, words: tuple[str, ...]) -> None:
    # What CI systems set to get colours out of programs that ask for a terminal first.
    done = started.run(*words, TERM="xterm-256color", RUNMAIL_LOG_FORMAT="console")

    assert done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


@pytest.fixture(scope="module")
def script() -> str:
    """What `runmail --show-completion` prints in a bash."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "--norc", "-c", "runmail --show-completion; true"]
    done = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, timeout=60, check=True)
    assert "complete" in done.stdout
    return done.stdout


def complete(started: Started, script: str, words: str, **more: str) -> list[str]:
    """Return what a real bash offers for the last word."""
    lines = (
        script,
        f"COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))",
        "_runmail_completion runmail",
        'printf "%s\n" "${COMPREPLY[@]}"',
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)],
        env=started.environment(PATH=path, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("runmail de", ["deliveries", "demo"]),
        ("runmail prune --arch", ["--archive"]),
        ("runmail deliveries list --state un", ["uncertain"]),
    ],
)
def test_bash_completes_commands_options_and_values(
    started: Started, script: str, words: str, offered: list[str]
) -> None:
    assert complete(started, script, words) == offered


def test_bash_completes_the_names_of_profiles(started: Started, script: str) -> None:
    # Without a database there is no profile to offer, no error, and none is made.
    assert complete(started, script, "runmail profiles show Q") == [""]
    assert not (started.home / "runmail.sqlite3").exists()

    (started.home / "profiles.toml").write_text(PROFILES)
    assert started.run("profiles", "seed", str(started.home / "profiles.toml")).returncode == 0
    assert complete(started, script, 'runmail deliveries list --profile ""') == ["Night", "QA\\ alerts"]
    assert complete(started, script, "runmail profiles show Q", RUNMAIL_DATABASE_URL="nonsense") == [""]


@pytest.mark.parametrize(
    ("shell", "variables"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "runmail de"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "runmail de", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_other_shells_get_their_answers(started: Started, shell: str, variables: dict[str, str]) -> None:
    runmail = Path(sys.executable).with_name("runmail")
    environment = started.environment(_RUNMAIL_COMPLETE=f"complete_{shell}", **variables)
    done = subprocess.run([runmail], env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert "deliveries" in done.stdout
    assert "prune" not in done.stdout


def test_the_name_of_a_command_is_completed_without_loading_it(started: Started) -> None:
    program = (
        "import sys; from worker.cli.main import app\n"
        "try: app(prog_name='runmail')\n"
        "except SystemExit: print(*sorted(name for name in sys.modules if name.startswith('sqlalchemy')), sep='')"
    )
    environment = started.environment(_RUNMAIL_COMPLETE="complete_bash", COMP_WORDS="runmail ", COMP_CWORD="1")
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert {"publish", "profiles", "events", "deliveries"} <= set(done.stdout.split("\n"))
    assert "sqlalchemy" not in done.stdout
