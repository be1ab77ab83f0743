"""`python3 -m worker`: the command line; in a bare checkout, first the making of its own environment.

Standard library only, and written so that an old Python gets as far as saying that it is too old.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: The same as `requires-python` in pyproject.toml, which cannot be asked before this is known.
LEAST_PYTHON = (3, 11)


def main() -> None:
    """Become the command line, in the checkout's environment when this is a checkout."""
    if sys.version_info < LEAST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit("runmail: needs Python 3.11 or newer, and this is %s – try `python3.11 -m worker …`" % found)  # noqa: UP031
    if os.name == "nt":
        sys.exit("runmail: runs on Linux and macOS – on Windows, start it in WSL")
    from worker import bootstrap

    root = Path(__file__).resolve().parent.parent
    if bootstrap.is_bare_checkout(root):
        bootstrap.start(root, sys.argv[1:])
    from worker.cli.main import run

    run()


if __name__ == "__main__":
    main()
