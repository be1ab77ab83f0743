"""`runmail report` and `runmail schedules` as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.reports.conftest import failing, run_event
from tests.rig.forked import run_command
from tests.rig.spine import Spine

REPORT = ("report", "--profile", "QA alerts")


def document(done: subprocess.CompletedProcess[str]) -> Any:
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that needs neither broker nor database."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNMAIL_")}
    return run_command(arguments, {**kept, "RUNMAIL_HOME": str(home)})


def refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Return the one line that says what is wrong."""
    assert done.returncode == code, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def told(spine: Spine) -> Spine:
    """A spine that has told two runs of an hour ago."""
    spine.profile(recipients=("team@example.com",))
    spine.work()
    hour_ago = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    spine.publish(run_event("1", hour_ago, **failing("test_card")), run_event("2", hour_ago, suite="web"))
    spine.settled(sent=2)
    return spine


def test_a_report_is_sent_and_repeating_it_in_one_job_sends_no_second(told: Spine) -> None:
    job = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_REPOSITORY": "shop/web"}
    first = document(told.run(*REPORT, "--to", "lead@example.com", "--since", "24h", "--json", **job))
    again = document(told.run(*REPORT, "--to", "lead@example.com", "--since", "24h", "--json", **job))
    other = document(told.run(*REPORT, "--to", "lead@example.com", "--since", "24h", "--json"))

    assert first["ids"] == again["ids"] != other["ids"]
    told.settled(sent=4)
    assert len(told.events(type="runmail.report.requested")) == 2


def test_a_dry_run_prints_the_summary_without_a_broker(told: Spine) -> None:
    nowhere = {"RUNMAIL_BROKER_URL": "redis://127.0.0.1:1/0"}
    done = told.run(*REPORT, "--since", "24h", "--suite", "check*", "--dry-run", **nowhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert "90 % passed in 1 run" in done.stdout
    assert "test_card" in done.stdout
    assert "You get this because" not in done.stdout
    assert "\x1b" not in done.stdout

    found = document(told.run(*REPORT, "--since", "24h", "--dry-run", "--json", **nowhere))
    assert found["type"] == "runmail.summary.ready"
    assert found["data"]["totals"]["runs"] == 2
    empty = told.run(*REPORT, "--suite", "none", "--skip-empty", "--dry-run", **nowhere)
    assert (empty.returncode, empty.stdout) == (0, "Nothing to report: no run finished.\n")
    skipped = document(told.run(*REPORT, "--suite", "none", "--skip-empty", "--dry-run", "--json", **nowhere))
    assert skipped == {"skipped": "nothing_to_report"}
    assert len(told.events()) == 2


def test_a_preview_is_a_folder_whose_page_shows_its_pictures(told: Spine, tmp_path: Path) -> None:
    found = document(told.run(*REPORT, "--since", "24h", "--preview", str(tmp_path / "out"), "--json"))

    assert found["subject"].startswith("■ Test report · ")
    assert [Path(name).name for name in found["files"]] == ["subject.txt", "body.txt", "body.html", "message.eml"]
    assert "data:image/png;base64," in (tmp_path / "out" / "body.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--period", "fortnight"), "data.period: must be today, yesterday"),
        (("--since", "24h", "--period", "today"), "one of them"),
        (("--since", "24h", "--until", "2026-11-20"), "--until goes with a time"),
        (("--since", "soon"), "--since soon: must be a time"),
        (("--until", "2026-11-20"), "without `since`"),
    ],
)
def test_wrong_use_is_one_line_and_2(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    assert said in refused(run(tmp_path, *REPORT, *options), 2)


def test_a_report_of_an_unknown_profile_names_one_that_is_near(told: Spine) -> None:
    assert "QA alerts" in refused(told.run("report", "--profile", "QA alert", "--dry-run"), 1)


WEEKLY = ("schedules", "add", "Weekly", "--profile", "QA alerts", "--weekly", "mon", "08:00")


def test_schedules_are_made_and_listed_and_a_name_is_taken_once(spine: Spine) -> None:
    spine.profile()
    made = document(spine.run(*WEEKLY, "--timezone", "Europe/Berlin", "--suite", "check*", "--skip-empty", "--json"))
    assert (made["cadence"], made["at"], made["timezone"]) == ("weekly:mon", "08:00", "Europe/Berlin")
    assert made["request"] == {"period": "last-week", "suites": ["check*"], "skip_empty": True}
    assert datetime.fromisoformat(made["next_at"]) > datetime.now(UTC)

    assert "there is a schedule “Weekly”" in refused(spine.run(*WEEKLY), 1)
    assert document(spine.run("schedules", "list", "--json")) == [made]
    assert "weekly:mon 08:00\tlast-week" in spine.run("schedules", "list").stdout


def test_schedules_are_paused_and_resumed(spine: Spine) -> None:
    spine.profile()
    made = document(spine.run(*WEEKLY, "--json"))

    assert spine.run("schedules", "pause", "Weekly").stdout == "Schedule “Weekly” is paused.\n"
    assert document(spine.run("schedules", "list", "--json"))[0]["next_at"] is None
    assert document(spine.run("schedules", "resume", "Weekly", "--json"))["next_at"] == made["next_at"]


def test_schedules_are_run_at_once_and_removed(spine: Spine) -> None:
    spine.profile(recipients=("team@example.com",))
    spine.run(*WEEKLY)
    spine.work()

    assert spine.run("schedules", "run", "Weekly").returncode == 0
    spine.settled(sent=1)
    assert document(spine.run("schedules", "remove", "Weekly", "--json")) == {"name": "Weekly", "changed": "removed"}
    assert "there is no schedule “Weekly”" in refused(spine.run("schedules", "remove", "Weekly"), 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "say when, once"),
        (("--daily", "07:30", "--weekdays", "07:30"), "say when, once"),
        (("--daily", "25:00"), "no time of day"),
        (("--weekly", "someday", "07:30"), "weekly:"),
        (("--monthly", "32", "07:30"), "monthly:"),
        (("--daily", "07:30", "--timezone", "Mars/Olympus"), "no time zone"),
        (("--daily", "07:30", "--period", "fortnight"), "data.period"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_one_line_and_2(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    assert said in refused(run(tmp_path, "schedules", "add", "x", "--profile", "QA alerts", *options), 2)
