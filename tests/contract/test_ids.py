"""The same fact gets the same id: the run's when it is known, else the content's."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.contract import RunFinishedData, derived_id

TYPE = "runmail.run.finished"


def data(**changes: Any) -> RunFinishedData:
    return RunFinishedData.model_validate(
        {"profile": "QA alerts", "suite": "checkout-api", "outcome": "failed", **changes}
    )


def test_an_id_never_changes_between_releases() -> None:
    assert derived_id(TYPE, data(run_id="2209"), attempt="1") == "58c5a3057b83ed0d24a3ceb15504a0ec3441c585"
    assert derived_id(TYPE, data()) == "d74f1f76ac8e1711347a09677f801dc91f216411"


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "passed"},
        {"counts": {"passed": 3}},
        {"recipients": ["other@example.com"]},
        {"duration_seconds": 3.5},
        {"branch": "other"},
    ],
)
def test_what_a_repeated_step_may_see_differently_does_not_change_the_id_of_a_run(changes: dict[str, Any]) -> None:
    assert derived_id(TYPE, data(run_id="7", **changes)) == derived_id(TYPE, data(run_id="7"))


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": "8"},
        {"suite": "other"},
        {"environment": "staging"},
        {"shard": {"index": 1, "total": 2}},
        {"shard": {"index": 2, "total": 2}},
        {"profile": "other"},
    ],
)
def test_what_identifies_a_run_changes_its_id(changes: dict[str, Any]) -> None:
    assert derived_id(TYPE, data(**{"run_id": "7", **changes})) != derived_id(TYPE, data(run_id="7"))


def test_attempt_and_type_change_the_id_of_a_run() -> None:
    found = {
        derived_id(kind, data(run_id="7"), attempt=attempt)
        for kind in (TYPE, "runmail.alert")
        for attempt in (None, "1", "2")
    }
    assert len(found) == 6


def test_without_a_run_every_part_of_the_content_counts() -> None:
    variants = [data(), data(outcome="passed"), data(labels={"a": "b"}), data(recipients=["a@example.com"])]
    assert len({derived_id(TYPE, variant) for variant in variants}) == 4
    assert derived_id(TYPE, data(labels={"a": "1", "b": "2"})) == derived_id(TYPE, data(labels={"b": "2", "a": "1"}))
