"""What a run of pytest with the plugin publishes, what it was asked, and when it does nothing."""

from __future__ import annotations

import json
import time

import pytest
import redis

from tests.client.project import ASKED, PLUGINS, ROOT, Project, counts, only
from tests.publish.test_publish_files import published
from tests.results.test_ci import GITHUB

pytestmark = pytest.mark.real("redis")

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


def test_where_its_packages_cannot_be_loaded_the_run_goes_on(project: Project, broker: redis.Redis) -> None:
    (project.folder / "broken").mkdir()
    (project.folder / "broken" / "pydantic.py").write_text("raise ImportError('too old')\n")
    project.write(test_a="def test_a(): pass")
    done = project.run(*ASKED, PYTHONPATH=f"broken:{ROOT}")

    assert done.code == 0, done.out
    assert done.line == "nothing will be published: its packages cannot be loaded (too old)"


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
    )
    began = time.monotonic()
    done = project.run("-q", "--tb=no", *ASKED)

    assert time.monotonic() - began < 80
    event = only(broker)
    assert done.line.startswith("published"), done.line
    assert counts(event) == {"total": 3000, "passed": 2700, "failed": 300}
    assert len(json.dumps(event)) < 1_000_000
