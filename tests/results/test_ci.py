"""Facts from the variables of CI systems, as those systems set them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consumers.contract import Shard
from consumers.contract.ci import CiFacts, read_ci

GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/checkout-api",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_HEAD_REF": "",
    "GITHUB_BASE_REF": "",
    "GITHUB_SHA": "9f2c1e7b40d85a6c3e1f0b7d2a94c6e8f5b3d071",
    "GITHUB_RUN_ID": "8123456789",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "unit",
    "RUNNER_TRACKING_ID": "github_1c7e",
}
GITLAB = {
    "CI": "true",
    "GITLAB_CI": "true",
    "CI_PROJECT_URL": "https://gitlab.example.com/acme/checkout-api",
    "CI_PROJECT_NAME": "checkout-api",
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_SHA": "9f2c1e7b40d85a6c3e1f0b7d2a94c6e8f5b3d071",
    "CI_PIPELINE_ID": "2209",
    "CI_PIPELINE_URL": "https://gitlab.example.com/acme/checkout-api/-/pipelines/2209",
    "CI_JOB_ID": "77001",
    "CI_JOB_URL": "https://gitlab.example.com/acme/checkout-api/-/jobs/77001",
    "CI_JOB_STARTED_AT": "2026-11-20T06:02:11Z",
    "CI_ENVIRONMENT_NAME": "staging",
    "CI_NODE_TOTAL": "1",
}
JENKINS = {
    "JENKINS_URL": "https://jenkins.example.com/",
    "JOB_NAME": "acme/checkout-api/main",
    "JOB_URL": "https://jenkins.example.com/job/acme/job/checkout-api/job/main/",
    "BUILD_ID": "412",
    "BUILD_NUMBER": "412",
    "BUILD_TAG": "jenkins-acme-checkout-api-main-412",
    "BUILD_URL": "https://jenkins.example.com/job/acme/job/checkout-api/job/main/412/",
    "BRANCH_NAME": "main",
    "GIT_BRANCH": "origin/main",
    "GIT_COMMIT": "9f2c1e7b40d85a6c3e1f0b7d2a94c6e8f5b3d071",
    "GIT_URL": "git@git.example.com:acme/checkout-api.git",
    "STAGE_NAME": "Unit tests",
}
COMMIT = "9f2c1e7b40d85a6c3e1f0b7d2a94c6e8f5b3d071"


def test_github_actions() -> None:
    assert read_ci(GITHUB) == CiFacts(
        source="https://github.com/acme/checkout-api",
        name="checkout-api",
        branch="main",
        commit=COMMIT,
        run_id="8123456789",
        attempt="1/unit/github_1c7e",
        url="https://github.com/acme/checkout-api/actions/runs/8123456789",
    )


def test_a_repeated_github_run_links_to_its_attempt() -> None:
    facts = read_ci({**GITHUB, "GITHUB_RUN_ATTEMPT": "3"})
    assert facts.url == "https://github.com/acme/checkout-api/actions/runs/8123456789/attempts/3"
    assert facts.attempt == "3/unit/github_1c7e"


def test_a_github_pull_request_is_of_the_branch_it_comes_from() -> None:
    facts = read_ci({**GITHUB, "GITHUB_REF_NAME": "17/merge", "GITHUB_HEAD_REF": "fix/rounding"})
    assert facts.branch == "fix/rounding"


def test_gitlab() -> None:
    assert read_ci(GITLAB) == CiFacts(
        source="https://gitlab.example.com/acme/checkout-api",
        name="checkout-api",
        branch="main",
        commit=COMMIT,
        run_id="2209",
        attempt="77001",
        url="https://gitlab.example.com/acme/checkout-api/-/pipelines/2209",
        environment="staging",
        started_at=datetime(2026, 11, 20, 6, 2, 11, tzinfo=UTC),
    )


def test_a_gitlab_merge_request_is_of_its_source_branch_and_commit() -> None:
    without_branch = {name: value for name, value in GITLAB.items() if name != "CI_COMMIT_BRANCH"}
    facts = read_ci(
        {
            **without_branch,
            "CI_COMMIT_REF_NAME": "refs/merge-requests/17/merge",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix/rounding",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "abc123",
        }
    )
    assert (facts.branch, facts.commit) == ("fix/rounding", "abc123")


def test_a_parallel_gitlab_job_is_a_shard() -> None:
    assert read_ci({**GITLAB, "CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "5"}).shard == Shard(index=2, total=5)


@pytest.mark.parametrize(("index", "total"), [("6", "5"), ("0", "5"), ("x", "5"), ("2", ""), ("9" * 30, "9" * 30)])
def test_a_shard_that_cannot_be_is_left_out(index: str, total: str) -> None:
    assert read_ci({**GITLAB, "CI_NODE_INDEX": index, "CI_NODE_TOTAL": total}).shard is None


def test_jenkins() -> None:
    assert read_ci(JENKINS) == CiFacts(
        source="https://jenkins.example.com/job/acme/job/checkout-api/job/main/",
        name="checkout-api",
        branch="main",
        commit=COMMIT,
        run_id="jenkins-acme-checkout-api-main-412",
        attempt="Unit tests",
        url="https://jenkins.example.com/job/acme/job/checkout-api/job/main/412/",
    )


def test_a_jenkins_pull_request_is_of_the_branch_it_comes_from() -> None:
    assert read_ci({**JENKINS, "BRANCH_NAME": "PR-17", "CHANGE_BRANCH": "fix/rounding"}).branch == "fix/rounding"


def test_a_plain_jenkins_job_has_its_branch_from_git_and_its_name_from_itself() -> None:
    plain = {name: JENKINS[name] for name in ("BUILD_TAG", "JOB_NAME", "GIT_BRANCH")}
    facts = read_ci(plain)
    assert (facts.branch, facts.name, facts.source) == ("main", "main", "acme/checkout-api/main")


def test_outside_a_ci_system_there_are_no_facts() -> None:
    assert read_ci({}) == CiFacts()
    assert read_ci({"CI": "true", "GITHUB_SHA": COMMIT, "BRANCH_NAME": "main"}) == CiFacts()


def test_a_url_with_a_password_is_left_out() -> None:
    facts = read_ci(
        {
            **GITLAB,
            "CI_PROJECT_URL": "https://user:word@gitlab.example.com/acme/checkout-api",
            "CI_PIPELINE_URL": "https://user:word@gitlab.example.com/1",
        }
    )
    assert (facts.source, facts.url) == (None, None)
