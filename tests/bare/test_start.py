"""The start on a bare machine, as real processes in a small checkout with an empty home."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bare.conftest import CLI, ROOT, Checkout, Index, ended
from tests.rig.waiting import wait_until

#: The user `nobody` of Debian and of every other system we know.
NOBODY = 65534
CLOSED = "http://127.0.0.1:9/simple"


def test_a_bare_checkout_becomes_the_command_in_its_own_environment(checkout: Checkout) -> None:
    code, said, shown = checkout.start("demo", "--exit")

    assert code == 0, shown
    assert said["arguments"] == ["demo", "--exit"]
    assert Path(said["prefix"]) == checkout.root / ".venv"
    assert said["version"] == "0.1.0"
    assert "installing up to 1 packages: done" in shown
    assert list(checkout.home.iterdir()) == []


def test_the_second_start_asks_no_index_and_says_nothing(checkout: Checkout, index: Index) -> None:
    checkout.start("demo")
    checkout.env["UV_DEFAULT_INDEX"] = CLOSED
    checkout.env["PATH"] = ""

    began = time.monotonic()
    code, said, shown = checkout.start("demo")

    assert (code, shown) == (0, "")
    assert said["leaf"] == "1.0"
    assert time.monotonic() - began < 5
    assert index.downloads == ["1.0"]


def test_something_is_seen_at_once(checkout: Checkout, index: Index) -> None:
    index.open.clear()
    began = time.monotonic()

    process = checkout.begin("demo")

    assert process.stderr is not None
    assert process.stderr.readline().startswith("runmail: preparing")
    assert time.monotonic() - began < 1
    index.open.set()
    assert ended(process)[0] == 0


def test_a_changed_lock_is_installed(checkout: Checkout) -> None:
    checkout.start("demo")
    checkout.lock("2.0")

    assert checkout.start("demo")[1]["leaf"] == "2.0"


def test_an_environment_made_for_tests_serves_every_command(checkout: Checkout, index: Index) -> None:
    assert "installing" in checkout.start("test", "-x")[2]
    code, said, shown = checkout.start("demo")
    assert (code, said["arguments"], shown) == (0, ["demo"], "")


def test_an_environment_made_for_the_demo_does_not_serve_tests(checkout: Checkout) -> None:
    checkout.start("demo")
    (checkout.root / "requirements" / "dev.lock").write_text("this is no lock file\n")

    assert checkout.start("test")[0] == 1
    assert checkout.start("demo")[0] == 0


def test_a_moved_checkout_gets_an_environment_of_its_own(checkout: Checkout) -> None:
    checkout.start("demo")
    moved = checkout.root.with_name("elsewhere")
    checkout.root.rename(moved)
    checkout.root = moved

    assert Path(checkout.start("demo")[1]["prefix"]) == moved / ".venv"


def test_a_killed_installation_is_done_again(checkout: Checkout, index: Index) -> None:
    index.open.clear()
    first = checkout.begin("demo")
    wait_until(index.asked.is_set)
    first.kill()
    first.wait()
    second = checkout.begin("demo")
    assert second.stderr is not None
    shown_first = [second.stderr.readline() for _ in range(2)]
    assert "another start is installing" in shown_first[1]  # the killed one's installer still holds the lock
    index.open.set()

    code, said, shown = ended(second)

    assert code == 0, shown
    assert said["leaf"] == "1.0"
    assert "making the environment: done" in shown  # what was half done is not built upon


def test_two_starts_at_once_install_once(checkout: Checkout, index: Index) -> None:
    index.open.clear()
    starts = [checkout.begin("demo") for _ in range(2)]
    wait_until(index.asked.is_set)
    index.open.set()

    results = [ended(process) for process in starts]

    assert [code for code, _, _ in results] == [0, 0]
    assert index.downloads == ["1.0"]
    assert sum("adding runmail itself: done" in shown for _, _, shown in results) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_start_that_is_stopped_ends_its_installer(
    checkout: Checkout, index: Index, number: signal.Signals, code: int
) -> None:
    index.open.clear()
    process = checkout.begin("demo")
    wait_until(index.asked.is_set)
    process.send_signal(number)

    out, err = process.communicate(timeout=10)

    with open(checkout.root / ".tools" / "start.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an installer that lived on would hold it
    assert process.returncode == code
    assert (out, "Traceback" in err) == ("", False)
    index.open.set()
    assert checkout.start("demo")[0] == 0


def test_a_signal_reaches_the_command(checkout: Checkout) -> None:
    process = checkout.begin("wait")
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())

    assert said["pid"] == process.pid
    time.sleep(0.2)  # the command sets its handler right after it spoke
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 42


def test_without_a_network_it_says_so_in_one_line_and_the_next_start_works(checkout: Checkout, index: Index) -> None:
    checkout.env.update(UV_DEFAULT_INDEX=CLOSED, UV_HTTP_RETRIES="0")
    code, _, shown = checkout.start("demo")

    assert code == 1
    last = shown.splitlines()[-1]
    assert "the package index cannot be reached – connect to the network" in last
    assert "Traceback" not in shown

    checkout.env["UV_DEFAULT_INDEX"] = index.url
    assert checkout.start("demo")[0] == 0


def test_an_update_that_finds_no_network_leaves_the_environment_as_it_was(checkout: Checkout) -> None:
    checkout.start("demo")
    checkout.env.update(UV_DEFAULT_INDEX=CLOSED, UV_HTTP_RETRIES="0", UV_CACHE_DIR=str(checkout.home / "empty"))
    checkout.lock("2.0")
    assert checkout.start("demo")[0] == 1
    checkout.lock("1.0")

    code, said, shown = checkout.start("demo")

    assert (code, said.get("leaf"), shown) == (0, "1.0", "")


def test_an_environment_made_by_hand_is_kept(checkout: Checkout, uv: Path) -> None:
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, checkout.root / ".venv"], check=True)
    (checkout.root / ".venv" / "mine").touch()

    assert checkout.start("demo")[0] == 0
    assert (checkout.root / ".venv" / "mine").exists()


def test_a_uv_that_came_by_pip_follows_the_index_of_pip(checkout: Checkout, index: Index, uv: Path) -> None:
    python = shutil.which("python3", path="/usr/bin") or ""
    if subprocess.run([python or "false", "-m", "pip", "--version"], capture_output=True).returncode != 0:
        pytest.skip("the system's Python has no pip here")
    (checkout.root / ".tools" / "bin").mkdir(parents=True)
    (checkout.root / ".tools" / "bin" / "uv").symlink_to(uv.resolve())
    checkout.python = python
    checkout.env = {"HOME": str(checkout.home), "PATH": "", "PIP_INDEX_URL": index.url}

    code, said, shown = checkout.start("demo")

    assert (code, said.get("leaf")) == (0, "1.0"), shown


def test_without_pip_and_uv_it_says_what_to_install(checkout: Checkout, uv: Path, tmp_path: Path) -> None:
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, tmp_path / "without-pip"], check=True)
    checkout.python = str(tmp_path / "without-pip" / "bin" / "python")
    checkout.env["PATH"] = ""

    code, _, shown = checkout.start("demo")

    assert code == 1
    assert "has no pip and there is no uv – install one of them" in shown.splitlines()[-1]


def test_a_folder_of_somebody_else_is_refused_in_one_line(checkout: Checkout) -> None:
    if os.getuid() == 0:
        checkout.python = shutil.which("python3", path="/usr/bin") or pytest.skip("only root's own Python is here")
        for folder in [*checkout.root.parents[:-1], checkout.root]:
            folder.chmod(folder.stat().st_mode | 0o055)
        code, _, shown = checkout.start("demo", user=NOBODY)
    else:
        checkout.root.chmod(0o555)
        code, _, shown = checkout.start("demo")
        checkout.root.chmod(0o755)

    assert code == 1
    assert shown.splitlines()[-1].startswith("runmail: cannot write ")
    assert "Traceback" not in shown


def test_an_old_python_gets_far_enough_to_say_that_it_is_too_old() -> None:
    source = (ROOT / "worker" / "__main__.py").read_text()
    ast.parse(source, feature_version=(3, 7))
    assert source.index("needs Python 3.11") < source.index("from worker import bootstrap")


def test_installed_elsewhere_it_is_simply_the_command(checkout: Checkout) -> None:
    (checkout.root / "pyproject.toml").write_text('[project]\nname = "another"\n')
    (checkout.root / "leaf.py").write_text("VERSION = 'beside'\n")

    code, said, shown = checkout.start("demo")

    assert (code, said["arguments"], shown) == (0, ["demo"], "")
    assert said["prefix"] == sys.prefix
    assert not (checkout.root / ".tools").exists()


def test_in_its_own_environment_it_is_simply_the_command(checkout: Checkout) -> None:
    checkout.start("demo")
    (checkout.root / ".venv" / "runmail-stamp").unlink()
    checkout.python = str(checkout.root / ".venv" / "bin" / "python")

    assert checkout.start("demo")[2] == ""


def test_the_small_checkout_calls_what_the_real_one_calls() -> None:
    assert "def run()" in CLI
    assert 'runmail = "worker.cli.main:run"' in (ROOT / "pyproject.toml").read_text()
