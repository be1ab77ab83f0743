"""The pytest plugin: `pytest --runmail-profile "QA alerts"` publishes how the run ended. Off unless asked.

pytest loads this module in every run, so it imports nothing but the standard library before it is asked. What is
done then is in `pytest_run`. Workers of xdist do nothing: all reports come together in the process that started them.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from .pytest_wishes import HELP, IN_FILE, LISTED, Wishes, read_wishes

if TYPE_CHECKING:
    import pytest

#: Set while a run is told of: a pytest that a test starts must not tell of itself by inherited variables or files.
INSIDE = "RUNMAIL_INSIDE_PYTEST"
#: Options of pytest under which no test runs.
_RUNS_NOTHING = ("collectonly", "setupplan", "setuponly", "showfixtures", "show_fixtures_per_test", "cacheshow")
#: Name of what this plugin registers once asked.
_NAME = "runmail_run"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and their equivalents in the configuration file."""
    group = parser.getgroup("runmail", "e-mail about the run (runmail)")
    for name, text in HELP.items():
        action, kind = ("append", "linelist") if name in LISTED else ("store", "string")
        group.addoption(f"--runmail-{name}", action=action, metavar=name.upper(), help=text)
        if name in IN_FILE:
            parser.addini(f"runmail_{name}", text, type=kind, default=None)  # type: ignore[arg-type]


def pytest_configure(config: pytest.Config) -> None:
    """Join the run when a profile was asked for."""
    if hasattr(config, "workerinput") or any(config.getoption(name, False) for name in _RUNS_NOTHING):
        return
    wishes = _wishes(config)
    if wishes is None:
        return
    began = time.monotonic()
    try:
        from .pytest_run import PublishedRun
    except Exception as error:  # noqa: BLE001 - an environment with an old pydantic, say, must not fail the run
        sys.stderr.write(f"runmail: nothing will be published: its packages cannot be loaded ({error})\n")
        return
    os.environ[INSIDE] = "1"
    run = PublishedRun(wishes, os.environ, root_name=config.rootpath.name, spent=time.monotonic() - began)
    config.pluginmanager.register(run, _NAME)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the environment as it was found."""
    if config.pluginmanager.has_plugin(_NAME):
        os.environ.pop(INSIDE, None)


def _wishes(config: pytest.Config) -> Wishes | None:
    """Read what was asked for; within another run only an option asks."""
    given = {name: config.getoption(f"runmail_{name}") for name in HELP}
    if os.environ.get(INSIDE) and not given["profile"]:
        return None
    return read_wishes(given, os.environ, {name: config.getini(f"runmail_{name}") for name in IN_FILE})
