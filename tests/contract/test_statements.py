"""Events from what somebody states: alerts and summaries, their ids, and counts given by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consumers.contract import Counts, Event, Failure, MalformedEvent, derived_id
from consumers.contract.alert_event import AlertStatement, alert_event
from consumers.contract.ci import CiFacts, read_ci
from consumers.contract.run_event import Statement, run_event
from consumers.contract.summary_event import SummaryStatement, summary_event
from consumers.contract.tally import Results
from consumers.results.stated_counts import CountsConflict, StatedCounts
from consumers.results.summing import figures_of
from tests.results.test_ci import GITHUB

NOW = datetime(2026, 11, 20, 6, 41, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ALERT = AlertStatement(profile="QA alerts", key="disk", title="Disk")
SUMMARY = SummaryStatement(profile="QA alerts", title="Nightly")
NOWHERE = CiFacts()


def alert(stated: AlertStatement = ALERT, ci: CiFacts = NOWHERE, now: datetime = NOW, **more: Any) -> Event:
    return alert_event(stated, ci, host="m1", now=now, **more)


def summary(stated: SummaryStatement = SUMMARY, ci: CiFacts = NOWHERE, now: datetime = NOW, **figures: Any) -> Event:
    return summary_event(stated, {"totals": {"passed": 1}, **figures}, ci, host="m1", now=now)


def test_what_is_stated_wins_over_ci() -> None:
    event = alert(replace(ALERT, url="https://example.com/mine", source="mine"), read_ci(GITHUB))
    assert (event.source, event.data.url) == ("mine", "https://example.com/mine")
    event = alert(ci=read_ci(GITHUB))
    assert (event.source, event.data.url) == (
        "https://github.com/acme/checkout-api",
        "https://github.com/acme/checkout-api/actions/runs/8123456789",
    )
    assert alert().source == "m1"


def test_an_alert_that_says_when_it_began_is_the_same_whenever_it_is_said() -> None:
    dated = replace(ALERT, starts_at=NOW)
    assert alert(dated).id == alert(dated, now=LATER).id == derived_id("runmail.alert", alert(dated).data)
    assert alert(dated).id != alert(replace(dated, status="resolved")).id
    assert alert(replace(ALERT, id="mine")).id == "mine"


def test_the_same_words_about_another_occasion_are_another_event() -> None:
    assert alert().id != alert(now=LATER).id
    assert summary().id != summary(now=LATER).id
    again = read_ci({**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})
    for state in (alert, summary):
        assert state(ci=read_ci(GITHUB)).id == state(ci=read_ci(GITHUB), now=LATER).id
        assert state(ci=read_ci(GITHUB)).id != state(ci=again).id


def test_a_summary_with_its_period_is_the_same_whenever_it_is_said() -> None:
    dated = replace(SUMMARY, period=(NOW - timedelta(days=7), NOW))
    assert summary(dated).id == summary(dated, now=LATER).id
    period = {"from": "2026-11-13T00:00:00Z", "to": "2026-11-20T00:00:00Z"}
    assert summary(period=period).id == summary(now=LATER, period=period).id


def test_an_id_made_of_content_is_made_of_what_is_published() -> None:
    secret = "".join(reversed("321terces"))
    one = replace(ALERT, starts_at=NOW, description=f"API_TOKEN={secret}")
    other = replace(one, description=f"API_TOKEN={secret}9")
    assert alert(one).id == alert(other).id
    assert alert(one, mask=False).id != alert(other, mask=False).id
    failed = [Results(failures=(Failure(name="t", message=each.description),)) for each in (one, other)]
    stated = Statement(profile="QA alerts")
    ids = {run_event(stated, each, NOWHERE, host="m1", now=NOW).id for each in failed}
    assert len(ids) == 1


def test_a_run_stated_by_hand_may_be_told_apart_by_its_occasion() -> None:
    def run(occasion: str | None, ci: CiFacts = NOWHERE) -> str:
        return run_event(Statement(profile="p"), Results(), ci, host="m1", now=NOW, occasion=occasion).id

    assert run(None) == run(None)
    assert len({run(None), run("monday"), run("tuesday")}) == 3
    assert run("monday", read_ci(GITHUB)) == run("tuesday", read_ci(GITHUB))


def test_what_the_contract_refuses_is_named() -> None:
    with pytest.raises(MalformedEvent) as caught:
        alert(replace(ALERT, severity="loud"))
    assert caught.value.field == "data.severity"
    with pytest.raises(MalformedEvent) as caught:
        summary(totals={"passed": -1})
    assert caught.value.field == "data.totals.total"
    with pytest.raises(MalformedEvent) as caught:
        summary(replace(SUMMARY, title=None))
    assert (caught.value.reason, caught.value.field) == ("missing_attribute", "data.title")


@pytest.mark.parametrize(
    ("stated", "counts"),
    [
        (StatedCounts(passed=3), Counts(total=3, passed=3)),
        (StatedCounts(total=10, failed=2, errors=1), Counts(total=10, passed=7, failed=2, errors=1)),
        (StatedCounts(total=3, passed=1, errors=1, skipped=1), Counts(total=3, passed=1, errors=1, skipped=1)),
        (StatedCounts(passed=2, flaky=2), Counts(total=2, passed=2, flaky=2)),
        (StatedCounts(failed=0), Counts()),
    ],
)  # fmt: skip
def test_counts_by_hand_are_completed(stated: StatedCounts, counts: Counts) -> None:
    assert stated.counts() == counts


@pytest.mark.parametrize(
    "stated",
    [
        StatedCounts(total=1, failed=2),
        StatedCounts(total=5, passed=3, failed=1),
        StatedCounts(passed=1, flaky=2),
        StatedCounts(flaky=1),
    ],
)
def test_counts_that_do_not_add_up_are_refused(stated: StatedCounts) -> None:
    with pytest.raises(CountsConflict):
        stated.counts()


def test_counts_must_be_those_of_the_reports() -> None:
    reported = Counts(total=3, passed=2, failed=1)
    StatedCounts(passed=2).check(reported)
    with pytest.raises(CountsConflict, match="failed is 2, but the reports say 1"):
        StatedCounts(passed=2, failed=2).check(reported)


def test_a_suite_in_which_nothing_ran_has_no_pass_rate() -> None:
    figures = figures_of([("s", Results(counts=Counts(total=1, skipped=1))), ("s", Results())])
    (suite,) = figures["suites"]
    assert (suite["pass_rate"], suite["trend"], suite["duration_seconds"]) == (None, [None, None], None)
    assert (suite["passed"], suite["failed"]) == (1, 1)
    assert summary(**figures).data.totals.runs == 2  # type: ignore[attr-defined]
