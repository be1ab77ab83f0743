"""`runmail test`: the project's own tests, in parallel. For a checkout only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from worker.cli import shown

ROOT = Path(__file__).resolve().parent.parent.parent


def mount(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "test",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        epilog="Examples: python3 -m worker test tests/spine -k repeated; python3 -m worker test --faults",
    )(check)


def check(
    context: typer.Context,
    require_real: Annotated[
        bool, typer.Option("--require-real", help="Fail instead of skipping where a real server is missing.")
    ] = False,
    faults: Annotated[
        bool,
        typer.Option(
            "--faults", help="Do the long fault run, or go on with it: --step NAME, --seed N and --again go to it."
        ),
    ] = False,
) -> None:
    """Run the tests of this checkout; further arguments go to pytest."""
    if not (ROOT / "tests").is_dir():
        shown.fail("there are no tests beside this installation: run `python3 -m worker test` in a checkout", 2)
    if faults:
        kept = ROOT / ".runmail" / "faults"
        _become([sys.executable, "-m", "tests.faults", "--folder", str(kept), *context.args])
    # Tests wait for servers more than they compute: three for two cores keep both busy.
    workers = max(2, (os.cpu_count() or 2) * 3 // 2)
    command = [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "worksteal"]
    command += ["--require-real"] if require_real else []
    _become([*command, *context.args])


def _environment() -> dict[str, str]:
    """Return the environment of the tests: compiled modules are kept, whatever the shell says.

    The tests start the program some hundred times, and compiling it each time takes twice as long as running it.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _become(command: list[str]) -> NoReturn:
    """Run a command to its end and end with its code."""
    # The test processes get the terminal's Ctrl-C themselves; waiting for them keeps the exit code theirs.
    process = subprocess.Popen(command, cwd=ROOT, env=_environment())  # noqa: S603
    while True:
        try:
            raise typer.Exit(process.wait())
        except KeyboardInterrupt:
            continue
