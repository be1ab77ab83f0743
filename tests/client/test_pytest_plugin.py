"""Runs of pytest with the plugin, as people run it: what is published, and that nothing of the run changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.client.brokers import Listener, answers_late, never_answers
from tests.publish.conftest import broker, broker_url, redis_server
from tests.publish.test_publish_files import published
from tests.results.test_ci import GITHUB
from tests.spine.conftest import wait_until

pytestmark = pytest.mark.real("redis")

ROOT = Path(__file__).parents[2]
#: Only these plugins, by name: the same in every environment, and quick to start.
PLUGINS = ("-p", "consumers.contract.pytest_plugin", "-p", "xdist.plugin", "-p", "pytest_rerunfailures")
ASKED = ("--runmail-profile", "QA alerts")
#: A busy machine may need longer than the second that a run is held up by default; what is measured has the default.
PATIENT = {"RUNMAIL_WAIT": "60"}

__all__ = ["broker", "broker_url", "redis_server"]


@dataclass(frozen=True)
class Done:
    """A run of pytest that ended. `line` is what the plugin said in the terminal."""

    code: int
    out: str

    @property
    def line(self) -> str:
        said = [line.removeprefix("runmail: ") for line in self.out.splitlines() if line.startswith("runmail: ")]
        return "\n".join(said)


@dataclass
class Project:
    """A folder of tests, and the broker that a run of it publishes to."""

    folder: Path
    broker_url: str | None

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / f"{name}.py").write_text(textwrap.dedent(text), "utf-8")

    def begin(self, *options: str, **variables: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **({"RUNMAIL_BROKER_URL": self.broker_url} if self.broker_url else {}),
            **PATIENT,
            **variables,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *PLUGINS, "-p", "no:cacheprovider", *options],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *options: str, **variables: str) -> Done:
        return ended(self.begin(*options, **variables))


def ended(process: subprocess.Popen[str]) -> Done:
    out, _ = process.communicate(timeout=90)
    return Done(process.returncode, out)


@pytest.fixture
def project(tmp_path: Path, broker_url: str) -> Project:
    folder = tmp_path / "checkout-api"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    return Project(folder, broker_url)


def only(broker: redis.Redis) -> dict[str, Any]:
    """Return the one event that was published."""
    (event,) = published(broker)
    return event


def counts(event: dict[str, Any]) -> dict[str, int]:
    return {name: number for name, number in event["data"]["counts"].items() if number}


MIXED = """
    import pytest

    def test_passes(): pass
    def test_fails(): assert 1 == 2
    def test_skips(): pytest.skip("not here")
    @pytest.mark.xfail
    def test_is_expected_to_fail(): assert False
    @pytest.fixture
    def broken(): raise RuntimeError("no database")
    def test_has_no_fixture(broken): pass
    @pytest.fixture
    def breaks():
        yield
        raise RuntimeError("not closed")
    def test_is_not_torn_down(breaks): pass
    tries = []
    def test_is_flaky():
        tries.append(1)
        assert len(tries) > 1
"""
#: What those tests come to, run again once.
MIXED_COUNTS = {"total": 7, "passed": 2, "failed": 1, "errors": 2, "skipped": 2, "flaky": 1}


def test_a_run_is_told_of_with_every_kind_of_test_and_its_exit_code_stays(
    project: Project, broker: redis.Redis
) -> None:
    project.write(test_mixed=MIXED)
    plain = project.run("--reruns", "1")
    done = project.run("--reruns", "1", *ASKED, "--runmail-to", "a@example.com,b@example.com", **GITHUB)

    event = only(broker)
    data = event["data"]
    assert done.code == plain.code == 1
    assert done.line == f"published to profile 'QA alerts': failed, 7 tests (event {event['id']})"
    assert plain.line == ""
    assert (data["profile"], data["recipients"]) == ("QA alerts", ["a@example.com", "b@example.com"])
    assert (data["outcome"], counts(event)) == ("failed", MIXED_COUNTS)
    assert (data["suite"], data["branch"], data["run_id"]) == ("checkout-api", "main", GITHUB["GITHUB_RUN_ID"])
    assert event["source"].startswith("https://")
    failures = {each["name"].partition("::")[2]: each for each in data["failures"]}
    assert set(failures) == {"test_fails", "test_has_no_fixture", "test_is_not_torn_down"}
    assert failures["test_fails"]["file"] == "test_mixed.py:5"
    assert failures["test_fails"]["message"] == "assert 1 == 2"
    assert "def test_fails" in failures["test_fails"]["trace"]
    assert failures["test_has_no_fixture"]["message"] == "at setup: RuntimeError: no database"
    assert failures["test_is_not_torn_down"]["message"] == "at teardown: RuntimeError: not closed"
    assert data["duration_seconds"] > 0


def test_under_xdist_one_process_tells_of_all_and_a_crashed_worker_is_an_error(
    project: Project, broker: redis.Redis
) -> None:
    project.write(test_mixed=MIXED, test_more="def test_more(): pass")
    project.write(test_crash="import os\ndef test_crashes(): os._exit(3)")
    done = project.run("-n", "2", "--reruns", "1", *ASKED)

    event = only(broker)
    assert done.code == 1
    whole = {"total": 9, "passed": 3, "errors": 3}
    assert counts(event) == {**MIXED_COUNTS, **whole}, done.out
    (crash,) = [each for each in event["data"]["failures"] if "test_crashes" in each["name"]]
    assert "crashed while running" in crash["message"]


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
    project.write(test_slow=SLOW)
    process = project.begin(*ASKED, *options)
    wait_until((project.folder / "hanging").exists)
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


def test_switched_off_it_publishes_nothing_and_loads_nothing(project: Project, broker: redis.Redis) -> None:
    project.write(
        test_a="""
            import sys
            def test_a():
                assert "consumers.contract.pytest_plugin" in sys.modules
                assert not {"pydantic", "redis", "consumers.contract.events"} & set(sys.modules)
        """
    )
    done = project.run()

    assert (done.code, done.line) == (0, ""), done.out
    assert published(broker) == []


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--setup-plan", "--version", "--help", "--markers"])
def test_a_command_that_runs_no_test_publishes_nothing(option: str, project: Project, broker: redis.Redis) -> None:
    project.write(test_a="def test_a(): pass")
    done = project.run(option, *ASKED, "--runmail-deadline", "5")

    assert (done.code, done.line) == (0, "")
    assert published(broker) == []


def test_an_option_wins_over_a_variable_and_a_variable_over_the_file(project: Project, broker: redis.Redis) -> None:
    project.write(test_a="def test_a(): pass")
    (project.folder / "pytest.ini").write_text(
        "[pytest]\nrunmail_profile = of the file\nrunmail_suite = of the file\nrunmail_environment = of the file\n"
        "runmail_to =\n    one@example.com\n    two@example.com\n"
    )
    variables = {"RUNMAIL_SUITE": "of a variable", "RUNMAIL_ENVIRONMENT": "of a variable"}
    project.run("--runmail-environment", "of an option", **variables)

    data = only(broker)["data"]
    assert (data["profile"], data["suite"], data["environment"]) == ("of the file", "of a variable", "of an option")
    assert data["recipients"] == ["one@example.com", "two@example.com"]


def test_a_pytest_within_a_test_does_not_tell_of_itself_by_inherited_variables(
    project: Project, broker: redis.Redis
) -> None:
    inner = project.folder / "inner"
    inner.mkdir()
    (inner / "test_inner.py").write_text("def test_inner(): pass\n")
    project.write(
        test_a=f"""
            import subprocess, sys
            def test_a():
                command = [sys.executable, "-m", "pytest", *{PLUGINS!r}, "-p", "no:cacheprovider", "inner"]
                assert subprocess.run(command).returncode == 0
        """
    )
    done = project.run("test_a.py", RUNMAIL_PROFILE="QA alerts")

    assert done.code == 0, done.out
    assert counts(only(broker)) == {"total": 1, "passed": 1}


def test_a_deadline_announces_the_run_and_the_end_is_the_one_that_was_announced(
    project: Project, broker: redis.Redis
) -> None:
    project.write(test_a="def test_a(): pass")
    done = project.run(*ASKED, "--runmail-deadline", "90", **GITHUB)

    events = {event["type"]: event for event in published(broker)}
    start, finish = events["runmail.run.started"], events["runmail.run.finished"]
    assert done.line.startswith("published to profile 'QA alerts': passed, 1 test ")
    assert (start["source"], start["data"]["finish_id"]) == (finish["source"], finish["id"])
    assert start["data"]["deadline_seconds"] == 5400
    for name in ("suite", "branch", "commit", "run_id", "started_at", "url", "profile"):
        assert start["data"][name] == finish["data"][name]


@pytest.mark.parametrize(
    ("deadline", "why"),
    [
        ("soon", "the deadline 'soon' is no number of minutes, such as 90"),
        ("20000", "data.deadline_seconds: should be less than or equal to 604800"),
        ("nan", "the deadline 'nan' is no number of minutes, such as 90"),
    ],
)
def test_a_deadline_that_is_none_is_said_and_the_end_is_published(
    deadline: str, why: str, project: Project, broker: redis.Redis
) -> None:
    project.write(test_a="def test_a(): pass")
    done = project.run(*ASKED, "--runmail-deadline", deadline)

    assert done.code == 0
    assert only(broker)["type"] == "runmail.run.finished"
    assert done.line.splitlines()[0] == f"the start was not published: {why}"


#: Writes how long the plugins' ends of the session took, in seconds.
STOPWATCH = """
    import pathlib, pytest, time
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish():
        began = time.monotonic()
        result = yield
        pathlib.Path("seconds").write_text(str(time.monotonic() - began))
        return result
"""


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Start brokers that misbehave; all are closed at the end."""
    started: list[Listener] = []

    def start(serve: Callable[..., None]) -> Listener:
        started.append(Listener(serve))
        return started[-1]

    yield start
    for listener in started:
        listener.close()


def held_up(project: Project, *options: str) -> tuple[Done, float]:
    """Run a failing test; return the run and the seconds that its end took."""
    project.write(test_a="def test_a(): assert 0", conftest=STOPWATCH)
    done = project.run(*ASKED, *options, RUNMAIL_WAIT="")
    assert done.code == 1, done.out
    assert "1 failed" in done.out
    return done, float((project.folder / "seconds").read_text())


#: Seconds: one for the plugin and one for a busy machine. A client left to itself would take ten and more.
AT_MOST = 2.0


def test_a_broker_that_hangs_holds_a_run_up_by_a_second_at_most(
    project: Project, listen: Callable[..., Listener]
) -> None:
    listener = listen(never_answers)
    project.broker_url = f"redis://publisher:opensesame@127.0.0.1:{listener.port}/0"
    done, seconds = held_up(project, "--runmail-deadline", "5")

    assert seconds < AT_MOST
    place = f"the broker at 127.0.0.1:{listener.port} did not answer in time"
    assert done.line == f"nothing was published: {place}\nthe start was not published: {place}"
    assert "opensesame" not in done.out


def test_a_broker_that_is_away_holds_a_run_up_by_a_second_at_most(
    project: Project, listen: Callable[..., Listener]
) -> None:
    listener = listen(never_answers)
    listener.close()
    project.broker_url = f"redis://127.0.0.1:{listener.port}/0"
    done, seconds = held_up(project)

    assert seconds < AT_MOST
    assert done.line.startswith("nothing was published: ")
    assert f"127.0.0.1:{listener.port}" in done.line


def test_a_broker_that_answers_late_holds_a_run_up_by_a_second_at_most(
    project: Project, listen: Callable[..., Listener], broker_url: str
) -> None:
    listener = listen(answers_late(broker_url, 20))
    project.broker_url = f"redis://127.0.0.1:{listener.port}/0"
    done, seconds = held_up(project)

    assert seconds < AT_MOST
    assert done.line == f"nothing was published: the broker at 127.0.0.1:{listener.port} did not answer in time"


def test_a_slow_broker_is_waited_for_as_long_as_was_asked(
    project: Project, listen: Callable[..., Listener], broker: redis.Redis, broker_url: str
) -> None:
    project.write(test_a="def test_a(): pass")
    project.broker_url = f"redis://127.0.0.1:{listen(answers_late(broker_url, 1)).port}/0"
    done = project.run(*ASKED, "--runmail-wait", "50")

    assert done.line.startswith("published")
    assert only(broker)["data"]["outcome"] == "passed"


def test_a_wait_that_is_none_is_said_and_the_default_holds(project: Project) -> None:
    project.write(test_a="def test_a(): pass")
    project.broker_url = "redis://127.0.0.1:1/0"
    done = project.run(*ASKED, "--runmail-wait", "long")

    assert done.code == 0
    assert done.line.splitlines()[0] == "the wait 'long' is no number of seconds, such as 5"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (None, "no broker: set RUNMAIL_BROKER_URL, or give --runmail-broker"),
        (
            "http://me:opensesame@127.0.0.1",
            "the broker URL is none that Redis knows: write redis://HOST:PORT/DATABASE, rediss:// or unix://",
        ),
        ("redis://[opensesame", None),
    ],
)
def test_a_broker_that_is_none_is_said_and_no_password_with_it(
    url: str | None, why: str | None, project: Project
) -> None:
    project.broker_url = url
    done, seconds = held_up(project)

    assert seconds < AT_MOST
    assert done.line.startswith("nothing was published: ")
    assert why is None or done.line == f"nothing was published: {why}"
    assert "opensesame" not in done.out


def test_without_a_terminal_plugin_the_run_is_told_of_all_the_same(project: Project, broker: redis.Redis) -> None:
    project.write(test_a="def test_a(): pass")
    done = project.run("-p", "no:terminal", *ASKED)

    assert (done.code, done.out) == (0, "")
    assert only(broker)["data"]["outcome"] == "passed"


def test_a_run_of_many_tests_is_told_of_in_time(project: Project, broker: redis.Redis) -> None:
    project.write(
        test_a="""
            import pytest
            @pytest.mark.parametrize("number", range(3000))
            def test_a(number): assert number % 10, "x" * 2000
        """,
        conftest=STOPWATCH,
    )
    began = time.monotonic()
    done = project.run("-q", "--tb=no", *ASKED)

    assert time.monotonic() - began < 80
    event = only(broker)
    assert done.line.startswith("published"), done.line
    assert counts(event) == {"total": 3000, "passed": 2700, "failed": 300}
    assert len(json.dumps(event)) < 1_000_000
