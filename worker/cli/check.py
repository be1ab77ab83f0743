"""`runmail test`: the project's own tests, in parallel. For a checkout only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from worker.cli import shown

ROOT = Path(__file__).resolve().parent.parent.parent


def mount(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "test",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        epilog="Example: python3 -m worker test tests/spine -k repeated",
    )(check)


def check(
    context: typer.Context,
    require_real: Annotated[
        bool, typer.Option("--require-real", help="Fail instead of skipping where a real server is missing.")
    ] = False,
) -> None:
    """Run the tests of this checkout; further arguments go to pytest."""
    if not (ROOT / "tests").is_dir():
        shown.fail("there are no tests beside this installation: run `python3 -m worker test` in a checkout", 2)
    # Tests wait for servers more than they compute: three for two cores keep both busy.
    workers = max(2, (os.cpu_count() or 2) * 3 // 2)
    command = [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "worksteal"]
    command += ["--require-real"] if require_real else []
    # The test processes get the terminal's Ctrl-C themselves; waiting for them keeps the exit code theirs.
    process = subprocess.Popen([*command, *context.args], cwd=ROOT)  # noqa: S603
    while True:
        try:
            raise typer.Exit(process.wait())
        except KeyboardInterrupt:
            continue
