"""From results and facts to the RunFinished event."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from consumers.contract import Counts, MalformedEvent, RunFinished, Shard, derived_id
from consumers.contract.ci import CiFacts, read_ci
from consumers.contract.run_event import Statement, outcome_of, run_event
from consumers.contract.tally import Results
from consumers.results.reports import read_reports
from tests.results.test_ci import GITHUB, GITLAB

EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = datetime(2026, 11, 20, 6, 5, 9, tzinfo=UTC)
STATED = Statement(profile="QA alerts", recipients=("team@example.com",))


def event(stated: Statement = STATED, results: Results | None = None, ci: CiFacts | None = None) -> RunFinished:
    built = run_event(stated, results or Results(counts=Counts(total=1, passed=1)), ci or CiFacts(), host="m1", now=NOW)
    assert isinstance(built, RunFinished)
    return built


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [
        ({"passed": 3}, "passed"),
        ({"passed": 3, "flaky": 1}, "passed"),
        ({"skipped": 3}, "passed"),
        ({"passed": 3, "failed": 1}, "failed"),
        ({"passed": 3, "failed": 1, "errors": 1}, "failed"),
        ({"passed": 3, "errors": 1}, "error"),
        ({}, "error"),
    ],
)
def test_the_tests_of_a_run_decide_its_outcome(counts: dict[str, int], outcome: str) -> None:
    assert outcome_of(Counts.model_validate(counts)) == outcome


def test_the_shipped_report_becomes_the_shipped_event() -> None:
    results, _ = read_reports([EXAMPLES / "junit.xml"])
    stated = replace(
        STATED, environment="staging", id="checkout-api-2209-1", labels={"team": "payments", "trigger": "push"}
    )
    facts = {"GITHUB_ACTIONS": "1", "GITHUB_REPOSITORY": "acme/checkout-api", "GITHUB_RUN_ID": "2209"}
    facts |= {"GITHUB_REF_NAME": "main", "GITHUB_SHA": "9f2c1e7b40d85a6c3e1f0b7d2a94c6e8f5b3d071"}
    built = event(stated, results, read_ci(facts)).to_json()
    expected = json.loads((EXAMPLES / "run-finished.json").read_text(encoding="utf-8"))
    assert built["data"].pop("tests")
    assert (built["data"].pop("shortened"), expected["data"].pop("tests", None)) == ({}, None)
    built["data"]["started_at"] = built["data"]["started_at"].partition(".")[0] + "Z"
    assert built == expected


def test_what_is_stated_wins_over_ci_which_wins_over_the_reports() -> None:
    results = Results(counts=Counts(total=1, failed=1), names=("from the report",), started_at=NOW)
    by_ci = event(results=results, ci=read_ci({**GITLAB, "CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "2"})).data
    assert (by_ci.suite, by_ci.branch, by_ci.environment) == ("checkout-api", "main", "staging")
    assert by_ci.shard == Shard(index=1, total=2)
    assert by_ci.started_at == NOW
    everything: dict[str, Any] = {
        "suite": "mine",
        "outcome": "cancelled",
        "branch": "b",
        "commit": "c",
        "environment": "e",
        "run_id": "r",
        "url": "https://ci.example.com/mine",
        "started_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    stated = event(replace(STATED, shard={"index": 3, "total": 4}, **everything), results, read_ci(GITLAB)).data
    assert {name: getattr(stated, name) for name in everything} == everything
    assert stated.shard == Shard(index=3, total=4)


def test_the_suite_is_the_one_name_of_the_reports_when_nothing_else_names_it() -> None:
    assert event(results=Results(names=("checkout",))).data.suite == "checkout"
    assert event(results=Results(names=("cart", "stock"))).data.suite == "tests"
    assert event(results=Results()).data.suite == "tests"


def test_the_source_is_the_repository_else_the_host() -> None:
    assert event(ci=read_ci(GITHUB)).source == "https://github.com/acme/checkout-api"
    assert event().source == "m1"
    assert event(replace(STATED, source="mine"), ci=read_ci(GITHUB)).source == "mine"


def test_repeating_the_step_is_one_event_and_each_other_execution_is_its_own() -> None:
    def id_of(stated: Statement = STATED, **variables: str) -> str:
        return event(stated, ci=read_ci({**GITHUB, **variables})).id

    later = run_event(
        STATED, Results(counts=Counts(total=2, failed=2)), read_ci(GITHUB), host="m2", now=datetime.now(UTC)
    )
    assert later.id == id_of()
    others = [
        id_of(GITHUB_RUN_ATTEMPT="2"),
        id_of(GITHUB_JOB="e2e"),
        id_of(RUNNER_TRACKING_ID="github_other_leg_of_the_matrix"),
        id_of(GITHUB_RUN_ID="1"),
        id_of(replace(STATED, suite="other")),
        id_of(replace(STATED, environment="other")),
        id_of(replace(STATED, shard={"index": 1, "total": 2})),
    ]
    assert len({id_of(), *others}) == 8


def test_without_a_run_id_the_content_is_the_identity_and_time_is_not() -> None:
    later = run_event(STATED, Results(counts=Counts(total=1, passed=1)), CiFacts(), host="m1", now=datetime.now(UTC))
    assert later.id == event().id == derived_id("runmail.run.finished", event().data)
    assert event(results=Results(counts=Counts(total=2, passed=2))).id != event().id


def test_a_stated_id_stands() -> None:
    assert event(replace(STATED, id="nightly/2026-11-20")).id == "nightly/2026-11-20"


def test_what_the_contract_refuses_is_named() -> None:
    with pytest.raises(MalformedEvent) as caught:
        event(replace(STATED, url="ftp://x"))
    assert caught.value.field == "data.url"


def test_what_the_reports_leave_out_is_said() -> None:
    assert event(results=Results(shortened={"failures": 7})).data.shortened == {"failures": 7}
