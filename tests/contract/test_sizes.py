"""An event above the size limit is shortened by rule, says so, and keeps its totals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.contract import Event, MalformedEvent, RunFinished, SummaryReady, read_event
from consumers.contract.sizes import MAX_EVENT_BYTES, fit


def run(**data: Any) -> RunFinished:
    facts = {"profile": "QA alerts", "suite": "s", "outcome": "failed", "counts": {"passed": 1, "failed": 9}, **data}
    return RunFinished.model_validate({"id": "1", "source": "tests", "data": facts})


def failures(count: int, *, trace: int = 0, message: int = 0, mark: str = "x", **more: Any) -> list[dict[str, Any]]:
    return [{"name": f"test {n}", "trace": mark * trace, "message": mark * message, **more} for n in range(count)]


def widest(event: Event) -> int:
    """Return the bytes of the event's JSON as the most wasteful usual writer writes it."""
    return len(json.dumps(event.to_json()))


def test_an_event_under_the_limit_is_the_same_object() -> None:
    event = run(failures=failures(40, trace=20_000, message=100))
    assert fit(event) is event


def test_traces_give_way_first() -> None:
    event = run(failures=failures(100, trace=20_000, message=500), tests=[{"name": "t", "outcome": "passed"}] * 100)
    small = fit(event)
    assert widest(small) < MAX_EVENT_BYTES
    assert small.data.shortened == {"traces": 100}
    assert all(0 < len(failure.trace or "") <= 4000 for failure in small.data.failures)
    assert small.data.counts == event.data.counts


def test_messages_give_way_when_traces_are_not_enough() -> None:
    small = fit(run(failures=failures(200, trace=300, message=8000)))
    assert small.data.shortened == {"messages": 200}
    assert {len(failure.trace or "") for failure in small.data.failures} == {300}
    assert {len(failure.message or "") for failure in small.data.failures} == {2000}


def test_what_was_cut_in_vain_is_given_back() -> None:
    tests = [{"name": f"a test with a name of some length {n}", "outcome": "passed"} for n in range(30_000)]
    small = fit(run(failures=failures(3, trace=5000, message=500), tests=tests))
    assert small.data.shortened == {"tests": 30_000}
    assert small.data.tests == ()
    assert {len(failure.trace or "") for failure in small.data.failures} == {5000}


def test_failures_beyond_the_two_hundredth_give_way_last() -> None:
    event = run(failures=failures(3000, file="f" * 400), counts={"failed": 3000, "passed": 4})
    small = fit(event)
    assert small.data.shortened == {"failures": 2800}
    assert [failure.name for failure in small.data.failures[::100]] == ["test 0", "test 100"]
    assert small.data.counts.failed == 3000


def test_everything_gives_way_at_once_when_it_must() -> None:
    tests = [{"name": f"{n} " + "n" * 200, "outcome": "failed"} for n in range(8000)]
    event = run(failures=failures(900, trace=8000, message=4000, mark="ж", file="ж" * 400), tests=tests)
    small = fit(event)
    assert widest(small) < MAX_EVENT_BYTES
    assert small.data.shortened == {"traces": 200, "messages": 200, "tests": 8000, "failures": 700}


def test_a_text_that_is_small_until_it_is_escaped_is_shortened_too() -> None:
    event = run(failures=failures(40, trace=20_000, mark="ж"))
    assert len(event.to_json_text()) < MAX_EVENT_BYTES
    assert widest(fit(event)) < MAX_EVENT_BYTES


@pytest.mark.parametrize("place", ["event", "data", "failure"])
def test_unknown_fields_give_way_when_nothing_else_helps(place: str) -> None:
    event = run(failures=failures(3, trace=5000)).to_json()
    {"event": event, "data": event["data"], "failure": event["data"]["failures"][0]}[place]["blob"] = "x" * 2_000_000
    small = fit(read_event(event))
    assert isinstance(small, RunFinished)
    assert small.data.shortened == {"unknown": 1}
    assert len(small.data.failures[0].trace or "") == 5000


def test_a_summary_loses_old_points_of_trends_before_rows() -> None:
    suites = [{"suite": f"suite {n}", "trend": [n / 1000] * 400} for n in range(1000)]
    worst = [{"name": f"test {n}"} for n in range(1000)]
    data = {"profile": "p", "title": "t", "suites": suites, "worst": worst, "totals": {"runs": 7}}
    small = fit(SummaryReady.model_validate({"id": "1", "source": "tests", "data": data}))
    assert isinstance(small, SummaryReady)
    assert widest(small) < MAX_EVENT_BYTES
    assert small.data.shortened == {"trends": 1000}
    assert small.data.suites[7].trend == (0.007,) * 30
    assert small.data.totals.runs == 7


def test_what_was_shortened_before_is_added_to() -> None:
    small = fit(run(failures=failures(3000, file="f" * 400), shortened={"failures": 100, "other": 1}))
    assert small.data.shortened == {"failures": 2900, "other": 1}


def test_an_event_of_nothing_but_addresses_is_refused_when_too_large() -> None:
    event = run(recipients=["ж" * 300 + f"{n}@example.com" for n in range(1000)])
    with pytest.raises(MalformedEvent) as caught:
        fit(event)
    assert caught.value.reason == "too_large"


def test_an_unknown_field_that_json_cannot_say_is_refused() -> None:
    with pytest.raises(MalformedEvent) as caught:
        fit(run(owner=object()))
    assert caught.value.reason == "invalid_attribute"


sizes = st.sampled_from([0, 1, 301, 2500, 9000])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    count=st.sampled_from([0, 1, 200, 201, 400]),
    trace=sizes,
    message=sizes,
    tests=st.sampled_from([0, 10, 25_000]),
    mark=st.sampled_from(["x", '"', "\x01", "ж", "🙂"]),
    unknown=st.sampled_from([0, 10, 1_100_000]),
)
def test_any_event_is_brought_under_the_limit_and_nothing_that_counts_changes(
    count: int, trace: int, message: int, tests: int, mark: str, unknown: int
) -> None:
    event = run(
        failures=failures(count, trace=trace, message=message, mark=mark),
        tests=[{"name": mark * 5, "outcome": "passed"}] * tests,
        blob="b" * unknown,
    )
    small = fit(event)
    assert widest(small) < MAX_EVENT_BYTES
    assert fit(small) is small
    assert small.data.counts == event.data.counts
    assert small.identity == event.identity
    said = small.data.shortened
    assert len(small.data.failures) + said.get("failures", 0) == count
    assert len(small.data.tests) + said.get("tests", 0) == tests
    kept = list(zip(event.data.failures, small.data.failures, strict=False))
    assert sum(old.trace != new.trace for old, new in kept) == said.get("traces", 0)
    assert sum(old.message != new.message for old, new in kept) == said.get("messages", 0)
    assert read_event(json.loads(small.to_json_text())) == small
