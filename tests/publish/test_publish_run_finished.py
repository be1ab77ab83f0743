"""`runmail publish run-finished`: reports, CI variables and options become one event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.publish.test_publish_files import Done, published, runmail
from tests.results.test_ci import GITHUB, GITLAB, JENKINS

pytestmark = pytest.mark.real("redis")


def dry(home: Path, *options: str, **variables: str) -> dict[str, Any]:
    """Return the event that would be published."""
    done = runmail("publish", "run-finished", "--profile", "QA alerts", *options, "--dry-run", home=home, **variables)
    assert (done.code, done.err) == (0, "")
    event: dict[str, Any] = json.loads(done.out)
    return event


def failed(home: Path, *options: str) -> Done:
    done = runmail("publish", "run-finished", "--profile", "QA alerts", *options, "--dry-run", home=home)
    assert done.out == ""
    return done


@pytest.fixture
def reports(tmp_path: Path, examples: Path) -> Path:
    folder = tmp_path / "reports"
    (folder / "deep").mkdir(parents=True)
    (folder / "junit.xml").write_bytes((examples / "junit.xml").read_bytes())
    (folder / "deep" / "more.xml").write_text('<testsuite name="more"><testcase name="a"/></testsuite>')
    return folder


def test_the_command_of_the_readme_publishes_the_shipped_report(
    broker_url: str, broker: redis.Redis, reports: Path, tmp_path: Path
) -> None:
    options = ["--profile", "QA alerts", "--to", "team@example.com", "--junit", "reports/*.xml"]
    done = runmail("publish", "run-finished", *options, home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    (event,) = published(broker)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"published 1 event: runmail.run.finished {event['id']}\n"
    data = event["data"]
    assert (data["profile"], data["recipients"]) == ("QA alerts", ["team@example.com"])
    assert (data["suite"], data["outcome"]) == ("checkout-api", "failed")
    assert data["counts"] == {"total": 214, "passed": 205, "failed": 3, "errors": 0, "skipped": 6, "flaky": 1}
    assert len(data["failures"]) == 3
    assert len(data["tests"]) == 214


def test_patterns_folders_and_unquoted_patterns_are_one_run(reports: Path, tmp_path: Path) -> None:
    for options in (
        ["--junit", "reports/**/*.xml"],
        ["--junit", "reports"],
        ["--junit", "reports/junit.xml", "--junit", "reports/deep/more.xml"],
        ["--junit", "reports/junit.xml", "reports/deep/more.xml", "reports/junit.xml"],
    ):
        assert dry(tmp_path, *options)["data"]["counts"]["total"] == 215


@pytest.mark.parametrize(
    ("variables", "run_id"),
    [(GITHUB, "8123456789"), (GITLAB, "2209"), (JENKINS, "jenkins-acme-checkout-api-main-412")],
)
def test_the_variables_of_the_ci_fill_what_is_not_given(
    variables: dict[str, str], run_id: str, reports: Path, tmp_path: Path
) -> None:
    event = dry(tmp_path, "--junit", "reports/*.xml", **variables)
    data = event["data"]
    assert (data["suite"], data["branch"], data["run_id"]) == ("checkout-api", "main", run_id)
    assert data["url"].startswith("https://")
    assert event["source"].startswith("https://")
    assert dry(tmp_path, "--junit", "reports/*.xml", **variables)["id"] == event["id"]
    assert dry(tmp_path, "--junit", "reports/*.xml", "--branch", "other", **variables)["data"]["branch"] == "other"


def test_every_option_says_its_fact(reports: Path, tmp_path: Path) -> None:
    event = dry(
        tmp_path,
        *("--junit", "reports/*.xml", "--to", "a@example.com,b@example.com", "--to", "c@example.com"),
        *("--suite", "s", "--branch", "b", "--commit", "c", "--run-id", "7", "--url", "https://ci.example.com/7"),
        *("--environment", "staging", "--id", "i", "--source", "src", "--label", "team=pay=ments", "--label", "a="),
        *("--shard", "2/5", "--started-at", "2026-11-20T06:02:11Z", "--outcome", "timed-out"),
    )
    assert (event["id"], event["source"]) == ("i", "src")
    said = {name: event["data"][name] for name in ("suite", "branch", "commit", "run_id", "environment", "outcome")}
    assert said == {
        "suite": "s",
        "branch": "b",
        "commit": "c",
        "run_id": "7",
        "environment": "staging",
        "outcome": "timed_out",
    }
    assert event["data"]["recipients"] == ["a@example.com", "b@example.com", "c@example.com"]
    assert event["data"]["labels"] == {"team": "pay=ments", "a": ""}
    assert event["data"]["shard"] == {"index": 2, "total": 5}
    assert event["data"]["started_at"] == "2026-11-20T06:02:11Z"
    assert event["data"]["url"] == "https://ci.example.com/7"


def test_a_run_without_reports_says_its_outcome(tmp_path: Path) -> None:
    event = dry(tmp_path, "--outcome", "cancelled", "--suite", "nightly")
    assert (event["data"]["outcome"], event["data"]["counts"]["total"]) == ("cancelled", 0)


@pytest.mark.parametrize("word", ["success", "SUCCESS", "failure", "canceled", "ABORTED", "UNSTABLE"])
def test_the_words_of_ci_systems_for_an_outcome_are_understood(word: str, tmp_path: Path) -> None:
    assert dry(tmp_path, "--outcome", word)["data"]["outcome"] in ("passed", "failed", "cancelled")


def test_unknown_profiles_and_odd_recipients_are_not_refused_here(tmp_path: Path) -> None:
    event = dry(tmp_path, "--outcome", "passed", "--to", "nobody")
    assert event["data"]["recipients"] == ["nobody"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ([], "say what came of the run: --junit 'reports/*.xml', --ctrf FILE, --passed 10 …, or --outcome"),
        (["--outcome", "fine"], "--outcome fine: must be passed, failed, error, cancelled or timed_out"),
        (["--outcome", "passed", "--shard", "6/5"], "--shard 6/5: must be such as 2/5, the second of five"),
        (["--outcome", "passed", "--label", "x"], "--label x: must be such as team=payments"),
        (["--outcome", "passed", "--started-at", "now"], "--started-at now: must be such as 2026-11-20T06:02:11Z"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(options: list[str], error: str, tmp_path: Path) -> None:
    done = failed(tmp_path, *options)
    assert (done.code, done.err) == (2, f"runmail: {error}\n")


def test_a_missing_profile_is_wrong_use(tmp_path: Path) -> None:
    assert runmail("publish", "run-finished", "--outcome", "passed", home=tmp_path).code == 2


def test_what_the_contract_refuses_is_one_line(tmp_path: Path) -> None:
    done = failed(tmp_path, "--outcome", "passed", "--url", "https://user:opensesame@ci.example.com")
    assert (done.code, done.err) == (1, "runmail: run-finished: data.url: must not carry a user or password\n")


def test_broken_and_missing_reports_are_named_and_nothing_is_published(reports: Path, tmp_path: Path) -> None:
    (reports / "cut.xml").write_text("<testsuite>\n<testcase/>\n<testcase")
    (reports / "empty.xml").write_text("")
    done = failed(tmp_path, "--junit", "reports/*.xml", "--junit", "other/*.xml")
    assert done.code == 1
    assert done.err.splitlines() == [
        "runmail: no report matches other/*.xml",
        "runmail: reports/cut.xml, line 3: the report ends in the middle after 1 test: was the run killed?",
        "runmail: reports/empty.xml: the report is empty: the run wrote nothing",
        "runmail: nothing was published; with --outcome, such as --outcome error, what can be read is",
    ]


def test_with_an_outcome_what_can_be_read_of_a_killed_run_is_published(reports: Path, tmp_path: Path) -> None:
    (reports / "cut.xml").write_text("<testsuite>\n<testcase/>\n<testcase")
    options = ["--profile", "QA alerts", "--junit", "reports/*.xml", "--outcome", "error", "--dry-run"]
    done = runmail("publish", "run-finished", *options, home=tmp_path)
    assert done.code == 0
    assert len(done.err.splitlines()) == 1
    assert json.loads(done.out)["data"]["counts"]["total"] == 215
