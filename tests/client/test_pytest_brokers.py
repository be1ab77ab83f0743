"""Brokers that are away, hang or are slow: a run of pytest is never failed and hardly held up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from consumers.contract.broker_url import FORMS
from tests.client.brokers import Listener, answers_late, never_answers
from tests.client.project import ASKED, Done, Project, only

pytestmark = pytest.mark.real("redis")

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
            f"the broker URL is none that Redis knows: write {FORMS}",
        ),
        ("redis://[opensesame", None),
    ],
)
def test_a_broker_that_is_none_is_said_and_no_password_with_it(
    url: str | None, why: str | None, project: Project
) -> None:
    project.broker_url = url
    project.write(test_a="def test_a(): pass")
    done = project.run(*ASKED)

    assert done.code == 0
    assert done.line.startswith("nothing was published: ")
    assert why is None or done.line == f"nothing was published: {why}"
    assert "opensesame" not in done.out
