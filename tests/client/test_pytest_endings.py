"""Every way a run of pytest ends: its outcome is published, and its exit code is what it was."""

from __future__ import annotations

import signal

import pytest
import redis

from tests.client.project import ASKED, Project, counts, ended, only
from tests.rig.waiting import wait_until

pytestmark = pytest.mark.real("redis")

ENDINGS = {
    "passed": ({"test_a": "def test_a(): pass"}, (), 0, "passed", {"total": 1, "passed": 1}),
    "a module cannot be collected": (
        {"test_a": "def test_a(): pass", "test_b": "import nothing_of_this_name"},
        (),
        2,
        "error",
        {"total": 1, "errors": 1},
    ),
    # With xdist the tests of other modules run all the same.
    "a module cannot be collected under xdist": (
        {"test_a": "def test_a(): pass", "test_b": "import nothing_of_this_name"},
        ("-n", "2"),
        1,
        "error",
        {"total": 2, "passed": 1, "errors": 1},
    ),
    "no tests": ({"test_a": "def test_a(): pass"}, ("-k", "other"), 5, "error", {}),
    "wrong use": ({"test_a": "def test_a(): pass"}, ("nowhere.py",), 4, "error", {}),
    "an internal error": (
        {
            "test_a": "def test_a(): pass",
            "conftest": "def pytest_collection_modifyitems(): raise ValueError('odd plugin')",
        },
        (),
        3,
        "error",
        {"total": 1, "errors": 1},
    ),
    "the first failure ends it": (
        {"test_a": "def test_a(): assert 0\ndef test_b(): pass"},
        ("-x",),
        1,
        "failed",
        {"total": 1, "failed": 1},
    ),
    "the first failure ends it under xdist": (
        {"test_a": "def test_a(): assert 0"},
        ("-x", "-n", "1"),
        2,
        "failed",
        {"total": 1, "failed": 1},
    ),
    "pytest.exit": (
        {"test_a": "import pytest\ndef test_a(): pass\ndef test_b(): pytest.exit('enough', returncode=9)"},
        (),
        9,
        "cancelled",
        {"total": 1, "passed": 1},
    ),
}


@pytest.mark.parametrize(("files", "options", "code", "outcome", "counted"), ENDINGS.values(), ids=list(ENDINGS))
def test_every_way_a_run_ends_has_its_outcome_and_keeps_its_exit_code(
    files: dict[str, str],
    options: tuple[str, ...],
    code: int,
    outcome: str,
    counted: dict[str, int],
    project: Project,
    broker: redis.Redis,
) -> None:
    project.write(**files)
    done = project.run("-q", *options, *ASKED)

    event = only(broker)
    assert done.code == code, done.out
    assert (event["data"]["outcome"], counts(event)) == (outcome, counted)
    assert done.line.startswith(f"published to profile 'QA alerts': {outcome}, ")


def test_a_run_without_tests_says_so_by_name(project: Project, broker: redis.Redis) -> None:
    project.write(test_a="def test_a(): pass\ndef test_b(): pass")
    project.run(*ASKED, "-k", "other")

    (failure,) = only(broker)["data"]["failures"]
    assert failure == {"name": "no tests ran", "message": "pytest found no test to run; 2 were deselected"}


SLOW = """
    import time, pathlib
    def test_passes(): pass
    def test_hangs():
        pathlib.Path("hanging").touch()
        time.sleep(60)
"""


#: Notes that the process that counts has heard of the first test; reports of workers come later than their tests.
REPORTED = """
    import pathlib, pytest
    class Heard:
        @pytest.hookimpl(trylast=True)
        def pytest_runtest_logreport(self, report):
            if report.when == "teardown":
                pathlib.Path("reported").touch()
    def pytest_configure(config):
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(Heard())
"""


@pytest.mark.parametrize(
    ("number", "options", "code"),
    [
        (signal.SIGINT, (), 2),
        (signal.SIGTERM, (), -signal.SIGTERM),
        (signal.SIGTERM, ("-n", "1"), -signal.SIGTERM),
    ],
    ids=["Ctrl-C", "SIGTERM", "SIGTERM under xdist"],
)
def test_a_run_that_is_stopped_is_cancelled_and_ends_as_it_would_have(
    number: signal.Signals, options: tuple[str, ...], code: int, project: Project, broker: redis.Redis
) -> None:
    project.write(test_slow=SLOW, conftest=REPORTED)
    process = project.begin(*ASKED, *options)
    wait_until((project.folder / "hanging").exists)
    wait_until((project.folder / "reported").exists)
    process.send_signal(number)
    done = ended(process)

    event = only(broker)
    assert done.code == code, done.out
    assert (event["data"]["outcome"], counts(event)) == ("cancelled", {"total": 1, "passed": 1})
    assert "1 passed" in done.out
    assert done.line == f"published to profile 'QA alerts': cancelled, 1 test (event {event['id']})"


def test_a_second_sigterm_ends_a_run_that_does_not_come_to_its_end(project: Project, broker: redis.Redis) -> None:
    project.write(
        test_slow=SLOW,
        conftest="""
            import time, pathlib
            def pytest_sessionfinish():
                pathlib.Path("ending").touch()
                time.sleep(60)
        """,
    )
    process = project.begin(*ASKED)
    for name in ("hanging", "ending"):
        wait_until((project.folder / name).exists)
        process.send_signal(signal.SIGTERM)

    assert ended(process).code == -signal.SIGTERM


def test_children_and_programs_that_take_sigterm_themselves_are_left_alone(
    project: Project, broker: redis.Redis
) -> None:
    project.write(
        test_a="""
            import os, signal, time
            def test_forked_children_die_of_the_signal_however_soon_it_comes():
                for _ in range(50):
                    child = os.fork()
                    if child == 0:
                        time.sleep(60)
                        os._exit(0)
                    os.kill(child, signal.SIGTERM)
                    assert os.waitpid(child, 0)[1] == signal.SIGTERM
            def test_another_handler_stays():
                handler = lambda *_: None
                signal.signal(signal.SIGTERM, handler)
                assert signal.getsignal(signal.SIGTERM) is handler
        """
    )

    assert project.run(*ASKED).code == 0
    assert counts(only(broker)) == {"total": 2, "passed": 2}
