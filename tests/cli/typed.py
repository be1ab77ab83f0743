"""A command as it is typed, run in this process: for the many cases where a process of its own shows nothing more."""

from __future__ import annotations

import logging
import os
import subprocess
from pathlib import Path

import structlog
from typer.testing import CliRunner

from worker.cli.main import app


def typed(
    *arguments: str, home: Path, stdin: bytes = b"", bare: bool = False, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command line to its end; nothing is a terminal. The logs of the test process stay as they were.

    `bare` leaves nothing of this process's environment but PATH: no variables of a CI.
    """
    ours = dict.fromkeys(name for name in os.environ if name.startswith("RUNMAIL_") or (bare and name != "PATH"))
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    try:
        done = CliRunner().invoke(app, list(arguments), input=stdin, env={**ours, "RUNMAIL_HOME": str(home), **more})
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**configured)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)
