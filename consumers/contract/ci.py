"""Facts that CI systems state in their variables: which run this is, of what, and where people see it.

Takes the variables as a mapping and reads no environment. Which variable fills what, in this order:

| fact | GitHub Actions (`GITHUB_ACTIONS`) | GitLab (`GITLAB_CI`) | Jenkins (`JENKINS_URL` or `BUILD_TAG`) |
| --- | --- | --- | --- |
| source | `GITHUB_SERVER_URL`/`GITHUB_REPOSITORY` | `CI_PROJECT_URL` | `JOB_URL`, `JOB_NAME` |
| name | `GITHUB_REPOSITORY`, last part | `CI_PROJECT_NAME` | `GIT_URL` or `JOB_NAME`, last part |
| branch | `GITHUB_HEAD_REF` (pull request), `GITHUB_REF_NAME` | `CI_MERGE_REQUEST_SOURCE_BRANCH_NAME`, \
`CI_COMMIT_BRANCH`, `CI_COMMIT_TAG`, `CI_COMMIT_REF_NAME` | `CHANGE_BRANCH` (pull request), `BRANCH_NAME`, \
`GIT_LOCAL_BRANCH`, `GIT_BRANCH` without its remote, `TAG_NAME` |
| commit | `GITHUB_SHA` | `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA`, `CI_COMMIT_SHA` | `GIT_COMMIT` |
| run id | `GITHUB_RUN_ID` | `CI_PIPELINE_ID` | `BUILD_TAG`, `BUILD_ID` |
| attempt | `GITHUB_RUN_ATTEMPT`, `GITHUB_JOB`, `RUNNER_TRACKING_ID` | `CI_JOB_ID` | `STAGE_NAME` |
| url | …/actions/runs/… of the run and attempt | `CI_PIPELINE_URL`, `CI_JOB_URL` | `RUN_DISPLAY_URL`, `BUILD_URL` |
| environment | | `CI_ENVIRONMENT_NAME` | |
| shard | | `CI_NODE_INDEX`, `CI_NODE_TOTAL` | |
| started at | | `CI_JOB_STARTED_AT` | |

The attempt tells one execution of a job from its repetition and from other jobs of the same run; it is what keeps
the legs of a matrix apart. A fact that cannot be used (a URL with a password, say) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from .clock_text import read_timestamp
from .events import Shard
from .texts import MAX_IDENTIFIER, Url

Variables = Mapping[str, str]

_URL = TypeAdapter(Url)


@dataclass(frozen=True, slots=True)
class CiFacts:
    """What a CI system says of the run. `name` is the repository's or job's own name, a stand-in for the suite."""

    source: str | None = None
    name: str | None = None
    branch: str | None = None
    commit: str | None = None
    run_id: str | None = None
    attempt: str | None = None
    url: str | None = None
    environment: str | None = None
    shard: Shard | None = None
    started_at: datetime | None = None

    @property
    def occasion(self) -> str | None:
        """Which execution of which run this is, for statements that no run id identifies; None outside a CI system."""
        return f"{self.run_id}/{self.attempt or ''}" if self.run_id else None


def read_ci(variables: Variables) -> CiFacts:
    """Return the facts of the CI system whose variables these are; outside one, no facts."""
    for is_here, read in _SYSTEMS:
        if is_here(variables):
            facts = read(variables)
            return replace(facts, url=_usable_url(facts.url), source=_usable_source(facts.source))
    return CiFacts()


def _github(variables: Variables) -> CiFacts:
    repository = _first(variables, "GITHUB_REPOSITORY")
    server = _first(variables, "GITHUB_SERVER_URL") or "https://github.com"
    run_id = _first(variables, "GITHUB_RUN_ID")
    attempt = _first(variables, "GITHUB_RUN_ATTEMPT")
    home = f"{server.rstrip('/')}/{repository}" if repository else None
    url = f"{home}/actions/runs/{run_id}" if home and run_id else None
    return CiFacts(
        source=home,
        name=_last_part(repository),
        branch=_first(variables, "GITHUB_HEAD_REF", "GITHUB_REF_NAME"),
        commit=_first(variables, "GITHUB_SHA"),
        run_id=run_id,
        attempt=_joined(variables, "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "RUNNER_TRACKING_ID"),
        url=f"{url}/attempts/{attempt}" if url and attempt and attempt != "1" else url,
    )


def _gitlab(variables: Variables) -> CiFacts:
    return CiFacts(
        source=_first(variables, "CI_PROJECT_URL"),
        name=_first(variables, "CI_PROJECT_NAME") or _last_part(_first(variables, "CI_PROJECT_PATH")),
        branch=_first(
            variables,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
            "CI_COMMIT_BRANCH",
            "CI_COMMIT_TAG",
            "CI_COMMIT_REF_NAME",
        ),
        # In a pipeline for merged results, CI_COMMIT_SHA is a commit that nobody made.
        commit=_first(variables, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"),
        run_id=_first(variables, "CI_PIPELINE_ID"),
        attempt=_first(variables, "CI_JOB_ID"),
        url=_first(variables, "CI_PIPELINE_URL", "CI_JOB_URL"),
        environment=_first(variables, "CI_ENVIRONMENT_NAME"),
        shard=_shard(variables.get("CI_NODE_INDEX"), variables.get("CI_NODE_TOTAL")),
        started_at=_with_offset(variables.get("CI_JOB_STARTED_AT")),
    )


def _jenkins(variables: Variables) -> CiFacts:
    branch = _first(variables, "CHANGE_BRANCH", "BRANCH_NAME", "GIT_LOCAL_BRANCH")
    remote_branch = _first(variables, "GIT_BRANCH")
    repository = (_first(variables, "GIT_URL") or "").rstrip("/").removesuffix(".git")
    return CiFacts(
        source=_first(variables, "JOB_URL", "JOB_NAME"),
        name=_last_part(repository) or _last_part(_first(variables, "JOB_NAME")),
        branch=branch or (remote_branch or "").removeprefix("origin/") or _first(variables, "TAG_NAME"),
        commit=_first(variables, "GIT_COMMIT"),
        run_id=_first(variables, "BUILD_TAG", "BUILD_ID"),
        attempt=_first(variables, "STAGE_NAME"),
        url=_first(variables, "RUN_DISPLAY_URL", "BUILD_URL"),
    )


_SYSTEMS: tuple[tuple[Callable[[Variables], bool], Callable[[Variables], CiFacts]], ...] = (
    (lambda variables: bool(variables.get("GITHUB_ACTIONS")), _github),
    (lambda variables: bool(variables.get("GITLAB_CI")), _gitlab),
    (lambda variables: bool(variables.get("JENKINS_URL") or variables.get("BUILD_TAG")), _jenkins),
)


def _first(variables: Variables, *names: str) -> str | None:
    """Return the first variable that says something; CI systems set many to an empty text."""
    return next((variables[name].strip() for name in names if variables.get(name, "").strip()), None)


def _joined(variables: Variables, *names: str) -> str | None:
    return "/".join(variables[name] for name in names if variables.get(name)) or None


def _last_part(path: str | None) -> str | None:
    return path.replace(":", "/").rpartition("/")[2] or None if path else None


def _shard(index: str | None, total: str | None) -> Shard | None:
    """Return which part of the run this is; a run in one part has no shards."""
    if not (index and total and index.isdecimal() and total.isdecimal()) or int(total) < 2:
        return None
    try:
        return Shard(index=int(index), total=int(total))
    except ValidationError:
        return None


def _with_offset(text: str | None) -> datetime | None:
    found = read_timestamp(text)
    return found if found is not None and found.tzinfo is not None else None


def _usable_url(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        return _URL.validate_python(url)
    except ValidationError:
        return None


def _usable_source(source: str | None) -> str | None:
    """Return the source when it can identify: a URL must pass as one, so that no password travels in it."""
    if source is None or len(source) > MAX_IDENTIFIER or not source.isprintable():
        return None
    return _usable_url(source) if "://" in source else source
