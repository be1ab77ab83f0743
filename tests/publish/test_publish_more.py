"""`runmail publish run-finished` with CTRF and counts, `publish alert` and `publish summary`, as people run them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.publish.test_publish_files import Done, published, runmail
from tests.results.test_ci import GITHUB

pytestmark = pytest.mark.real("redis")

ALERT = ("publish", "alert", "--profile", "QA alerts", "--key", "disk-7", "--title", "Disk 7 is 90 % full")
SUMMARY = ("publish", "summary", "--profile", "QA alerts", "--title", "Nightly")
RUN = ("publish", "run-finished", "--profile", "QA alerts")


def dry(home: Path, *arguments: str, stdin: bytes = b"", **variables: str) -> dict[str, Any]:
    """Return the event that would be published."""
    done = runmail(*arguments, "--dry-run", home=home, stdin=stdin, **variables)
    assert (done.code, done.err) == (0, "")
    event: dict[str, Any] = json.loads(done.out)
    return event


def refused(home: Path, *arguments: str) -> Done:
    done = runmail(*arguments, "--dry-run", home=home)
    assert done.out == ""
    return done


@pytest.fixture
def reports(tmp_path: Path, examples: Path) -> Path:
    """A folder with a JUnit and a CTRF report."""
    folder = tmp_path / "reports"
    folder.mkdir()
    shutil.copy(examples / "junit.xml", folder)
    shutil.copy(examples / "reports" / "ctrf.json", folder)
    return folder


def test_ctrf_and_junit_reports_are_one_run(
    broker_url: str, broker: redis.Redis, reports: Path, tmp_path: Path
) -> None:
    options = ("--junit", "reports/junit.xml", "--ctrf", "reports", "reports/ctrf.json", "--suite", "shop")
    done = runmail(*RUN, *options, home=tmp_path, RUNMAIL_BROKER_URL=broker_url)
    assert (done.code, done.err) == (0, "")
    data = published(broker)[0]["data"]
    assert data["counts"] == {"total": 220, "passed": 208, "failed": 4, "errors": 0, "skipped": 8, "flaky": 2}
    assert data["failures"][-1]["owner"] == "team-checkout"
    assert data["started_at"] == "2026-11-20T06:02:11Z"


def test_a_broken_ctrf_report_is_named_and_nothing_is_published(reports: Path, tmp_path: Path) -> None:
    (reports / "cut.json").write_text('{"results": {\n"tests": [{"name": "a", "status": "passed"},')
    done = refused(tmp_path, *RUN, "--ctrf", "reports/*.json")
    assert done.code == 1
    assert done.err.splitlines() == [
        "runmail: reports/cut.json, line 2: the report ends in the middle after 7 tests: was the run killed?",
        "runmail: nothing was published; with --outcome, such as --outcome error, what can be read is",
    ]


def test_counts_given_by_hand_are_a_run(tmp_path: Path) -> None:
    event = dry(
        tmp_path, *RUN, "--passed", "10", "--failed", "2", "--skipped", "1", "--flaky", "1", "--duration", "1:33"
    )
    data = event["data"]
    assert data["counts"] == {"total": 13, "passed": 10, "failed": 2, "errors": 0, "skipped": 1, "flaky": 1}
    assert (data["outcome"], data["duration_seconds"]) == ("failed", 93.0)


def test_equal_counts_are_another_run_each_time_but_one_within_a_ci_step(tmp_path: Path) -> None:
    options = (*RUN, "--passed", "10")
    assert dry(tmp_path, *options)["id"] != dry(tmp_path, *options)["id"]
    assert dry(tmp_path, *options, **GITHUB)["id"] == dry(tmp_path, *options, **GITHUB)["id"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--total", "5", "--passed", "3", "--failed", "1"], "the counts do not agree: total is 5, but"),
        (["--passed", "1", "--flaky", "2"], "the counts do not agree: flaky is 2, but only 1 passed"),
        (["--junit", "reports", "--failed", "2"], "the counts do not agree: failed is 2, but the reports say 3"),
        (["--passed", "1", "--duration", "long"], "--duration long: must be seconds"),
    ],
)
def test_counts_that_contradict_are_wrong_use(options: list[str], error: str, reports: Path, tmp_path: Path) -> None:
    done = refused(tmp_path, *RUN, *options)
    assert done.code == 2
    assert done.err.startswith(f"runmail: {error}")


def test_a_count_that_cannot_be_is_wrong_use(tmp_path: Path) -> None:
    for text in ("-1", "1000000000001", "many"):
        done = refused(tmp_path, *RUN, f"--passed={text}")
        assert done.code == 2
        assert "--passed" in done.err


def test_counts_beside_reports_that_say_the_same_are_fine(reports: Path, tmp_path: Path) -> None:
    assert dry(tmp_path, *RUN, "--junit", "reports", "--failed", "3")["data"]["counts"]["total"] == 214


def test_an_alert_says_what_its_options_say(broker_url: str, broker: redis.Redis, tmp_path: Path) -> None:
    options = (
        "--to",
        "a@example.com,b@example.com",
        "--severity",
        "critical",
        "--status",
        "resolved",
        "--description",
        "-",
    )
    more = (
        "--starts-at",
        "2026-11-20T06:26:00Z",
        "--ends-at",
        "2026-11-20T07:00:00Z",
        "--url",
        "https://m.example.com/d",
    )
    done = runmail(
        *(*ALERT, *options, *more, "--label", "pool=linux", "--source", "cron"),
        stdin=b"First.\n\nSecond.\n",
        home=tmp_path,
        RUNMAIL_BROKER_URL=broker_url,
    )
    (event,) = published(broker)
    assert (done.code, done.err, done.out) == (0, "", f"published 1 event: runmail.alert {event['id']}\n")
    assert event["source"] == "cron"
    assert event["data"] == {
        "profile": "QA alerts",
        "recipients": ["a@example.com", "b@example.com"],
        "url": "https://m.example.com/d",
        "labels": {"pool": "linux"},
        "shortened": {},
        "key": "disk-7",
        "severity": "critical",
        "status": "resolved",
        "title": "Disk 7 is 90 % full",
        "description": "First.\n\nSecond.\n",
        "starts_at": "2026-11-20T06:26:00Z",
        "ends_at": "2026-11-20T07:00:00Z",
    }


def test_what_the_contract_refuses_of_an_alert_is_one_line(tmp_path: Path) -> None:
    done = refused(tmp_path, *ALERT, "--severity", "loud")
    assert (done.code, done.err) == (
        1,
        "runmail: alert: data.severity: must be 'critical', 'warning' or 'info'\n",
    )
    assert refused(tmp_path, *ALERT, "--starts-at", "now").code == 2
    assert refused(tmp_path, "publish", "alert", "--profile", "p", "--key", "k").code == 2


def test_a_summary_sums_up_the_runs_of_its_suites(reports: Path, tmp_path: Path) -> None:
    (tmp_path / "green.xml").write_text('<testsuite name="x"><testcase name="a" time="4"/></testsuite>')
    suites = ("--suite", "api=reports/junit.xml", "--suite", "web=reports/ctrf.json", "--suite", "api=green.xml")
    event = dry(tmp_path, *SUMMARY, *suites, "--since", "2026-11-16T00:00:00Z", "--until", "2026-11-23T00:00:00Z")
    data = event["data"]
    assert (event["type"], data["title"]) == ("runmail.summary.ready", "Nightly")
    assert data["period"] == {"from": "2026-11-16T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    assert data["totals"] == {
        "total": 221,
        "passed": 209,
        "failed": 4,
        "errors": 0,
        "skipped": 8,
        "flaky": 2,
        "runs": 3,
    }
    api, web = data["suites"]
    assert (api["suite"], api["runs"], api["passed"], api["failed"]) == ("api", 2, 1, 1)
    assert api["trend"] == [205 / 208, 1.0]
    assert (api["pass_rate"], api["duration_seconds"]) == (206 / 209, (149.57 + 4) / 2)
    assert (web["runs"], web["pass_rate"], web["trend"]) == (1, 0.75, [])
    assert data["worst"][0]["failures"] == 1
    assert len(data["worst"]) == 4
    repeated = dry(tmp_path, *SUMMARY, *suites, "--since", "2026-11-16T00:00:00Z", "--until", "2026-11-23T00:00:00Z")
    assert repeated["id"] == event["id"]


def test_a_summary_takes_counts_or_ready_figures(tmp_path: Path) -> None:
    data = dry(tmp_path, *SUMMARY, "--runs", "3", "--total", "40", "--failed", "2")["data"]
    assert (data["totals"]["runs"], data["totals"]["passed"]) == (3, 38)
    figures = {"title": "Theirs", "totals": {"runs": 2, "passed": 4}, "worst": [{"name": "t", "failures": 2}], "own": 1}
    data = dry(tmp_path, *SUMMARY[:4], "--data", "-", stdin=json.dumps(figures).encode())["data"]
    assert (data["title"], data["totals"]["total"], data["worst"][0]["name"], data["own"]) == ("Theirs", 4, "t", 1)
    data = dry(tmp_path, *SUMMARY, "--data", "-", stdin=json.dumps(figures).encode())["data"]
    assert data["title"] == "Nightly"


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        ([], 2, "say what the summary is of: --suite NAME=REPORTS …, counts such as --passed 10, or --data FILE"),
        (["--passed", "1", "--data", "x"], 2, "say what the summary is of:"),
        (["--suite", "reports"], 2, "--suite reports: must be such as checkout-api='reports/*.xml'"),
        (["--passed", "1", "--since", "2026-11-16"], 2, "a period has two ends: give --since and --until"),
        (["--suite", "api=none/*.xml"], 1, "no report matches none/*.xml"),
        (["--data", "none.json"], 1, "none.json: no such file or directory"),
        (
            ["--passed", "1", "--since", "2026-11-17", "--until", "2026-11-16"],
            1,
            "summary: data.period: `to` lies before",
        ),
    ],
)
def test_a_summary_of_nothing_or_of_broken_reports_is_refused(
    options: list[str], code: int, error: str, tmp_path: Path
) -> None:
    done = refused(tmp_path, *SUMMARY, *options)
    assert done.code == code
    assert done.err.startswith(f"runmail: {error}")


def test_credentials_are_masked_at_every_door_unless_switched_off(
    broker_url: str, broker: redis.Redis, tmp_path: Path
) -> None:
    secret = "".join(reversed("321terces"))
    said = f"API_TOKEN={secret}"
    (tmp_path / "junit.xml").write_text(
        f'<testsuite name="s"><testcase name="t"><failure message="{said}"/></testcase></testsuite>'
    )
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "runmail.alert"}
    event_file = tmp_path / "event.json"
    event_file.write_text(
        json.dumps({**event, "data": {"profile": "p", "key": "k", "title": "t", "description": said}})
    )
    doors = [
        (*RUN, "--junit", "junit.xml"),
        (*ALERT, "--description", said, "--starts-at", "2026-11-20"),
        ("publish", "summary", "--profile", "p", "--title", said, "--passed", "1"),
        ("publish", "event.json"),
    ]
    for door in doors:
        bare = dry(tmp_path, *door, "--no-mask")
        assert "masked" not in bare["data"]
        assert secret in json.dumps(bare)
        assert runmail(*door, home=tmp_path, RUNMAIL_BROKER_URL=broker_url).code == 0
    events = published(broker)
    assert secret not in json.dumps(events)
    assert [found["data"]["masked"] for found in events] == [1, 1, 1, 1]
