"""A conversation with a command in a real terminal: what it asks is answered, what stands on the screen is returned."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

#: Seconds a whole conversation may take on a busy machine.
PATIENCE = 90.0


def converse(*arguments: str, home: Path, answers: dict[str, str], columns: int = 100, **more: str) -> tuple[int, str]:
    """Run a command in a terminal; each question of `answers` is answered once, in the order they appear.

    A question ends in `!` when its answer is typed unseen: it is answered once the terminal no longer echoes,
    because what is typed earlier is thrown away. Returns the exit code and the screen.
    """
    # COLUMNS would override the width of the terminal.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUNMAIL_", "COLUMNS"))}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "worker.cli.main", *arguments],
        env={**kept, "RUNMAIL_HOME": str(home), "TERM": "dumb", **more},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen, seen = b"", 0
    open_questions = list(answers.items())
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.05)[0]:
            try:
                chunk = os.read(ours, 4096)
            except OSError:
                break
            if not chunk:
                break
            screen += chunk
        if open_questions:
            question, answer = open_questions[0]
            hidden = question.endswith("!")
            at = screen.find(question.removesuffix("!").encode(), seen)
            if at >= 0 and not (hidden and termios.tcgetattr(ours)[3] & termios.ECHO):
                os.write(ours, f"{answer}\n".encode())
                seen = at + 1
                open_questions.pop(0)
    os.close(ours)
    code = process.wait(30)
    assert not open_questions, f"never asked {open_questions[0][0]!r}: {screen.decode()}"
    return code, screen.decode()
