"""The recipes of docs/publishing.md: each CI system's file is read as that system reads it, and its steps are run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from tests.publish.test_publish_files import published
from tests.results.test_ci import GITHUB, GITLAB, JENKINS

pytestmark = pytest.mark.real("redis")

ROOT = Path(__file__).parents[2]
RECIPES = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8").partition("\n## Recipes\n")[2]


def recipe(system: str) -> str:
    """Return the code of one system's recipe."""
    section = RECIPES.partition(f"\n### {system}\n")[2]
    return section.partition("```")[2].partition("\n")[2].partition("\n```")[0]


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A working copy in which `pytest` writes the shipped report, as far as a pipeline is concerned."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    program(
        bin_folder / "pytest",
        f'mkdir -p reports; cp {shlex.quote(str(ROOT / "examples" / "junit.xml"))} "${{1#*=}}"; exit 1',
    )
    return tmp_path


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def run(script: str, job: Path, shell: tuple[str, ...], **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{job / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "RUNMAIL_HOME": str(job), **variables}
    return subprocess.run(
        [*shell, script], cwd=job, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def told(broker: redis.Redis, outcome: str) -> dict[str, Any]:
    """Return the data of the one event, which says what the shipped report says."""
    (event,) = published(broker)
    data: dict[str, Any] = event["data"]
    assert (event["type"], data["profile"], data["outcome"]) == ("runmail.run.finished", "QA alerts", outcome)
    assert (data["suite"], data["branch"], data["counts"]["total"]) == ("checkout-api", "main", 214)
    return data


def test_github_actions(broker_url: str, broker: redis.Redis, job: Path) -> None:
    (steps,) = (each["steps"] for each in yaml.safe_load(recipe("GitHub Actions"))["jobs"].values())
    tests, tell = (step for step in steps if "run" in step)
    said = {"${{ secrets.RUNMAIL_BROKER_URL }}": broker_url, "${{ job.status }}": "failure"}
    variables = {**GITHUB, **{name: said[value] for name, value in tell["env"].items()}}
    assert tell["if"] == "always()"
    assert run(tests["run"], job, ("bash", "-e", "-c"), **GITHUB).returncode == 1
    done = run(tell["run"], job, ("bash", "-e", "-c"), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert told(broker, "failed")["run_id"] == "8123456789"


def test_github_actions_tells_of_a_job_that_was_cancelled_before_its_tests(
    broker_url: str, broker: redis.Redis, job: Path
) -> None:
    tell = yaml.safe_load(recipe("GitHub Actions"))["jobs"]["unit"]["steps"][-1]["run"]
    done = run(tell, job, ("bash", "-e", "-c"), **GITHUB, RUNMAIL_BROKER_URL=broker_url, JOB_STATUS="cancelled")
    assert (done.returncode, done.stderr) == (0, "runmail: no report matches reports/*.xml\n")
    assert published(broker)[0]["data"]["outcome"] == "cancelled"


@pytest.mark.parametrize(
    ("status", "outcome"), [("failed", "failed"), ("success", "passed"), ("canceled", "cancelled")]
)
def test_gitlab(status: str, outcome: str, broker_url: str, broker: redis.Redis, job: Path) -> None:
    unit = yaml.safe_load(recipe("GitLab CI"))["unit"]
    variables = {**GITLAB, "RUNMAIL_BROKER_URL": broker_url, "CI_JOB_STATUS": status}
    run("\n".join(unit["script"]), job, ("sh", "-e", "-c"), **variables)
    done = run("\n".join(unit["after_script"]), job, ("sh", "-e", "-c"), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert told(broker, outcome)["environment"] == "staging"


@pytest.mark.parametrize(("result", "outcome"), [("UNSTABLE", "failed"), ("ABORTED", "cancelled")])
def test_jenkins(result: str, outcome: str, broker_url: str, broker: redis.Redis, job: Path) -> None:
    text = recipe("Jenkins")
    assert text.count("{") == text.count("}")
    (tests,) = re.findall(r"sh '([^']+)'", text.replace("'''", '"""'))
    (tell,) = re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL)
    names = re.findall(r"variable: '(\w+)'|\[\"(\w+)=", text)
    assert [one or other for one, other in names] == ["RUNMAIL_BROKER_URL", "RESULT"]
    variables = {**JENKINS, "RUNMAIL_BROKER_URL": broker_url, "RESULT": result}
    run(tests, job, ("sh", "-xe", "-c"), **variables)
    done = run(tell, job, ("sh", "-e", "-c"), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert told(broker, outcome)["run_id"] == "jenkins-acme-checkout-api-main-412"


def test_cron(broker_url: str, broker: redis.Redis, job: Path) -> None:
    nightly, spool = job / "nightly", job / "spool"
    nightly.mkdir()
    shutil.copytree(job / "bin", nightly / "reports")
    program(nightly / "run-tests.sh", f"cp {shlex.quote(str(ROOT / 'examples' / 'junit.xml'))} reports/; exit 1")
    program(job / "bin" / "df", "echo Filesystem Blocks Used Available Capacity Mounted; echo /dev/x 10 9 1 95% /")
    lines = [line for line in recipe("cron").splitlines() if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines[:2])
    assert settings == {"RUNMAIL_BROKER_URL": "redis://localhost:6379/0", "RUNMAIL_SPOOL": "/var/spool/runmail"}
    variables = {"RUNMAIL_BROKER_URL": broker_url, "RUNMAIL_SPOOL": str(spool)}
    for line in [*lines[2:], lines[3]]:
        command = line.split(None, 5)[5]
        assert "%" not in command  # cron makes a line end of it
        done = run(command.replace("/srv/nightly", str(nightly)), job, ("sh", "-c"), **variables)
        assert (done.returncode, done.stderr) == (0, "")
    run_event, first, again = published(broker)
    assert (run_event["data"]["suite"], run_event["data"]["outcome"]) == ("nightly", "failed")
    assert first["id"] == again["id"]
    assert first["data"]["title"] == "The disk is nearly full"
    program(nightly / "run-tests.sh", "exit 1")
    done = run(lines[2].split(None, 5)[5].replace("/srv/nightly", str(nightly)), job, ("sh", "-c"), **variables)
    assert (done.returncode, published(broker)[-1]["data"]["outcome"]) == (0, "error")
