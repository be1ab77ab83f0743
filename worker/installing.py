"""Runs one installing command at a time: shows that it works, and says in one line why it did not.

Standard library only. It knows neither what is installed nor what for; `bootstrap` does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

#: Seconds between two looks at a running command: the live line counts seconds, so a few a second are smooth.
LOOK = 0.2
#: Seconds between two lines where there is no terminal to rewrite one.
PLAIN_LINE = 5.0
#: Seconds an interrupted command has to end by itself.
GRACE = 5.0

#: What the output of pip or uv says, and what a person makes of it. The first that matches stands.
CAUSES = (
    (r"no space left on device", "the disk is full – make room and start again"),
    (
        r"invalid peer certificate|certificate_verify_failed",
        "the package index shows a certificate that this machine does not trust – "
        "set SSL_CERT_FILE to your organisation's authority and start again",
    ),
    (
        r"error sending request|dns error|failed to fetch|newconnectionerror|connection refused|"
        r"temporary failure in name resolution|connect timeout|operation timed out",
        "the package index cannot be reached – connect to the network, or set up pip for your mirror, and start again",
    ),
    (
        r"permission denied|read-only file system",
        "a file cannot be written – make this folder yours and start again",
    ),
    (
        r"hash mismatch|do not match the hashes",
        "a package is not the one that was locked – look at the mirror before you go on",
    ),
    (
        r"no matching distribution|has no wheels with a matching|no solution found|could not find a version",
        "the package index has no package for this Python and machine – try Python 3.11 or 3.12 on Linux or macOS",
    ),
)


class StartFailed(Exception):
    """Raised when the environment cannot be made; the text is one line that says what to do.

    `half_done` says that an installation broke off in the middle of a package.
    """

    def __init__(self, text: str, *, half_done: bool = False) -> None:
        super().__init__(text)
        self.half_done = half_done


class Progress:
    """One live line on a terminal, plain lines elsewhere; always on stderr, which `--json` leaves free."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        #: Whether there is a terminal whose line can be rewritten.
        self.is_live = stream.isatty()
        self._said = 0.0

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._stream.write(f"{self._clear()}runmail: {text}\n")
        self._stream.flush()

    def tick(self, text: str, seconds: float) -> None:
        """Show that `text` is still going on after `seconds`."""
        if self.is_live:
            self._stream.write(f"{self._clear()}runmail: {text} … {seconds:.0f} s")
            self._stream.flush()
        elif seconds - self._said >= PLAIN_LINE:
            self._said = seconds
            self.say(f"{text} … {seconds:.0f} s")

    def done(self, text: str, seconds: float) -> None:
        """End what `tick` showed."""
        self._said = 0.0
        self.say(f"{text}: done in {seconds:.1f} s")

    def _clear(self) -> str:
        return "\r\x1b[K" if self.is_live else ""


def run(
    command: Sequence[str | Path],
    what: str,
    *,
    log: Path,
    env: Mapping[str, str],
    keep: Sequence[int] = (),
    show: Progress,
) -> None:
    """Run an installing command to its end, its output in `log`.

    `keep` are file descriptors that the command holds too: the start's lock stays taken for as long as a
    command runs whose parent was killed.

    Raises:
        StartFailed: when the command fails.
    """
    began = time.monotonic()
    if not show.is_live:
        show.say(f"{what} …")
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
        process = subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            pass_fds=tuple(keep),
        )
        try:
            while process.poll() is None:
                show.tick(what, time.monotonic() - began)
                try:
                    process.wait(LOOK)
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:  # Ctrl-C or SIGTERM: nothing may go on installing behind the caller's back
            _end(process)
            raise
    if process.returncode != 0:
        raise StartFailed(f"{what} failed: {explain(log.read_text('utf-8', 'replace'))} (all it said is in {log})")
    show.done(what, time.monotonic() - began)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def explain(output: str) -> str:
    """Turn what pip or uv printed into one line: what is wrong, and what to do where that is known."""
    for pattern, cause in CAUSES:
        if re.search(pattern, output, re.IGNORECASE):
            return cause
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # The last lines hold the error. An address in them may carry a password, a control character may steer a
    # terminal.
    shown = re.sub(r"//[^/@\s]*@", "//", " · ".join(lines[-3:]))
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", shown)[:400] or "it gave no reason"
