"""One JSON object becomes an event, or a refusal that names reason and field and repeats nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from consumers.contract import Alert, MalformedEvent, RunFinished, SummaryReady, read_event
from consumers.contract.events import EVENT_TYPES

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("run-finished", "run-started", "summary-ready", "alert", "report-requested")


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def changed(name: str, path: str, value: object) -> dict[str, Any]:
    """Return an example with one field set; `path` is dotted."""
    event = example(name)
    *folders, last = path.split(".")
    here = event
    for folder in folders:
        here = here[int(folder)] if isinstance(here, list) else here[folder]
    here[int(last) if isinstance(here, list) else last] = value
    return event


def refusal(obj: object) -> MalformedEvent:
    with pytest.raises(MalformedEvent) as caught:
        read_event(obj)
    return caught.value


@pytest.mark.parametrize("name", NAMES)
def test_an_example_of_each_type_is_read_and_written_unchanged(name: str) -> None:
    event = read_event(example(name))
    assert read_event(event.to_json()) == event
    assert json.loads(event.to_json_text()) == event.to_json()
    for key, value in example(name)["data"].items():
        assert event.to_json()["data"][key] == value


def test_there_is_an_example_of_each_type() -> None:
    assert {example(name)["type"] for name in NAMES} == set(EVENT_TYPES)


@pytest.mark.parametrize("name", NAMES)
def test_the_cloudevents_sdk_reads_what_we_write(name: str) -> None:
    event = read_event(example(name))
    message = HTTPMessage({"content-type": "application/cloudevents+json"}, event.to_json_text().encode())
    theirs = from_http_event(message, JSONFormat())
    assert (theirs.get_source(), theirs.get_id()) == event.identity
    assert theirs.get_type() == event.type
    assert theirs.get_time() == event.time
    assert theirs.get_data() == event.to_json()["data"]


@pytest.mark.parametrize(
    ("obj", "reason", "field"),
    [
        ("text", "not_an_object", None),
        (None, "not_an_object", None),
        ([example("alert")], "not_an_object", None),
        ({}, "missing_attribute", "type"),
        ({"type": "runmail.alert"}, "missing_attribute", "specversion"),
        ({"specversion": "1.0", "type": "runmail.alert"}, "missing_attribute", "id"),
        (changed("alert", "data", None), "missing_attribute", "data"),
        (changed("alert", "id", None), "missing_attribute", "id"),
        (changed("alert", "data.profile", None), "missing_attribute", "data.profile"),
        (changed("alert", "type", "runmail.alarm"), "unknown_type", "type"),
        (changed("alert", "type", ["runmail.alert"]), "unknown_type", "type"),
        (changed("alert", "type", None), "unknown_type", "type"),
        (changed("alert", "specversion", "0.3"), "invalid_attribute", "specversion"),
        (changed("alert", "id", 7), "invalid_attribute", "id"),
        (changed("alert", "id", ""), "invalid_attribute", "id"),
        (changed("alert", "id", "a\nb"), "invalid_attribute", "id"),
        (changed("alert", "id", "x" * 513), "identifier_too_long", "id"),
        (changed("alert", "source", "x" * 513), "identifier_too_long", "source"),
        (changed("alert", "time", "2026-11-20T06:41:02"), "invalid_attribute", "time"),
        (changed("alert", "time", 1764000000), "invalid_attribute", "time"),
        (changed("alert", "time", "0000-00-00"), "invalid_attribute", "time"),
        (changed("alert", "data.starts_at", "9999-12-31T23:59:59Z"), "invalid_attribute", "data.starts_at"),
        (changed("alert", "datacontenttype", "text/xml"), "invalid_attribute", "datacontenttype"),
        (changed("alert", "data", []), "invalid_attribute", "data"),
        (changed("alert", "data.profile", "x" * 101), "identifier_too_long", "data.profile"),
        (changed("alert", "data.recipients", "team@example.com"), "invalid_attribute", "data.recipients"),
        (changed("alert", "data.recipients", ["x" * 321]), "identifier_too_long", "data.recipients.0"),
        (changed("alert", "data.recipients", ["a@example.com"] * 1001), "invalid_attribute", "data.recipients"),
        (changed("alert", "data.url", "https://ci.example.com/" + "x" * 2048), "identifier_too_long", "data.url"),
        (changed("alert", "data.severity", "loud"), "invalid_attribute", "data.severity"),
        (changed("run-finished", "data.counts.failed", -1), "invalid_attribute", "data.counts.failed"),
        (changed("run-finished", "data.counts", 3), "invalid_attribute", "data.counts"),
        (changed("run-finished", "data.failures.1.name", {}), "invalid_attribute", "data.failures.1.name"),
        (changed("run-finished", "data.failures.2", {"file": "x"}), "missing_attribute", "data.failures.2.name"),
        (changed("run-finished", "data.shard", {"index": 6, "total": 5}), "invalid_attribute", "data.shard"),
        (changed("report-requested", "data.period.from", "x"), "invalid_attribute", "data.period.from"),
        (changed("report-requested", "data.period", {"from": "2026-11-19T18:00:00Z"}), "missing_attribute", None),
        (changed("alert", "data.size", float("nan")), "invalid_number", "data.size"),
        (changed("alert", "data.size", [1, float("inf")]), "invalid_number", "data.size.1"),
        (changed("alert", "data.size", 2**64), "invalid_number", "data.size"),
        (changed("alert", "data.title", "half \ud83d"), "invalid_text", "data.title"),
        (changed("alert", "data.labels", {"half \ud83d": "x"}), "invalid_text", "data.labels"),
        (changed("alert", "data.labels", {1: "x"}), "invalid_attribute", "data.labels"),
        (changed("alert", "data.extra", object()), "invalid_attribute", "data.extra"),
    ],
)
def test_what_is_no_event_is_refused_with_its_reason_and_field(obj: object, reason: str, field: str | None) -> None:
    refused = refusal(obj)
    assert refused.reason == reason
    if field is not None:
        assert refused.field == field
        assert refused.text.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("ftp://ci.example.com/", "must begin with http:// or https://"),
        ("javascript:alert(1)", "must begin with http:// or https://"),
        ("https://user:word@ci.example.com/", "must not carry a user or password"),
        ("https://@ci.example.com/", "must not carry a user or password"),
        ("https://", "has no host"),
        ("https://ci.example.com:port/", "is not a URL"),
        ("https://[::1/", "is not a URL"),
        ("https://ci.example.com/\u202egpj.exe", "must not hold blanks, backslashes or unprintable characters"),
        ("https://ci.example.com\\@evil.example", "must not hold blanks, backslashes or unprintable characters"),
        ("https://ci.example.com/ x", "must not hold blanks, backslashes or unprintable characters"),
        ("https://ci.example.com/\r\nBcc: x", "must not hold blanks, backslashes or unprintable characters"),
    ],
)
def test_a_url_that_is_no_plain_link_is_refused(url: str, rule: str) -> None:
    refused = refusal(changed("alert", "data.url", url))
    assert (refused.reason, refused.text) == ("invalid_attribute", f"data.url: {rule}")


def test_a_refusal_never_repeats_the_input() -> None:
    for path in ("data.url", "type", "time", "data.severity", "data.starts_at", "data.recipients"):
        assert "swordfish" not in refusal(changed("alert", path, "ssh://swordfish")).text


def test_a_refusal_says_how_many_more_fields_are_wrong() -> None:
    event = changed("alert", "data.severity", "loud")
    event["data"]["url"] = "x"
    event["data"]["status"] = 1
    assert refusal(event).text.endswith("(2 more fields are wrong)")


def test_a_field_name_from_the_publisher_is_shown_short_and_without_control_characters() -> None:
    refused = refusal(changed("alert", "data.labels", {"\x1b[31m" + "k" * 5000: []}))
    assert refused.field is not None
    assert "\x1b" not in refused.text
    assert len(refused.field) <= 201


def test_nesting_is_refused_before_it_can_exhaust_a_stack() -> None:
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    assert refusal(changed("alert", "data.extra", deep)).reason == "too_deep"


def test_an_object_that_holds_itself_is_refused() -> None:
    event = example("alert")
    event["data"]["itself"] = event
    assert refusal(event).reason == "too_deep"


def test_unknown_fields_are_kept() -> None:
    event = example("run-finished")
    event["partitionkey"] = "a"
    event["data"]["coverage"] = {"lines": 0.91}
    event["data"]["failures"][0]["screenshot"] = "https://ci.example.com/1.png"
    written = read_event(event).to_json()
    assert written["partitionkey"] == "a"
    assert written["data"]["coverage"] == {"lines": 0.91}
    assert written["data"]["failures"][0]["screenshot"] == "https://ci.example.com/1.png"


def test_null_counts_as_absent() -> None:
    event = example("run-finished")
    event["data"] |= {"recipients": None, "labels": None, "counts": None, "branch": None, "shard": None}
    read = read_event(event)
    assert isinstance(read, RunFinished)
    assert read.data.recipients == ()
    assert read.data.branch is None


def test_numbers_are_taken_as_text_where_ids_and_names_stand() -> None:
    event = changed("run-finished", "data.run_id", 8123456789)
    event["data"]["commit"] = 1234567
    read = read_event(event)
    assert isinstance(read, RunFinished)
    assert (read.data.run_id, read.data.commit) == ("8123456789", "1234567")


def test_a_missing_total_is_the_sum_of_the_outcomes() -> None:
    read = read_event(changed("run-finished", "data.counts", {"passed": 5, "failed": 2, "skipped": 1, "flaky": 1}))
    assert isinstance(read, RunFinished)
    assert read.data.counts.total == 8


def test_the_zero_time_of_go_counts_as_absent() -> None:
    read = read_event(changed("alert", "data.ends_at", "0001-01-01T00:00:00Z"))
    assert isinstance(read, Alert)
    assert read.data.ends_at is None


def test_a_media_type_may_carry_parameters() -> None:
    read = read_event(changed("alert", "datacontenttype", "application/json; charset=utf-8"))
    assert read.datacontenttype == "application/json; charset=utf-8"


def test_long_texts_are_shortened_with_a_mark_and_a_count_and_never_refused() -> None:
    event = changed("run-finished", "data.failures.0.trace", "x" * 50_000)
    event["data"]["failures"][0] |= {"name": "n" * 1000, "message": "m" * 9000}
    event["data"]["branch"] = "b" * 301
    read = read_event(event)
    assert isinstance(read, RunFinished)
    failure = read.data.failures[0]
    assert failure.trace is not None
    assert failure.message is not None
    assert len(failure.trace) <= 20_000
    assert failure.trace.endswith(" … (+30022 characters)")
    assert len(failure.name) <= 300
    assert len(failure.message) <= 8000
    assert read.data.branch is not None
    assert "… (+" in read.data.branch


def test_nul_which_postgresql_cannot_keep_is_replaced_everywhere() -> None:
    event = changed("alert", "data.title", "a\0b")
    event["data"]["un\0known"] = ["\0"]
    assert "\\u0000" not in read_event(event).to_json_text()


def test_odd_recipients_and_unknown_profiles_are_not_refused_at_a_door() -> None:
    event = changed("alert", "data.recipients", ["", "nobody", "a@b@c", "x\ny@example.com"])
    event["data"]["profile"] = "no such profile"
    assert len(read_event(event).data.recipients) == 4


def test_an_event_is_a_frozen_value() -> None:
    event = read_event(example("summary-ready"))
    assert isinstance(event, SummaryReady)
    with pytest.raises(ValueError, match="frozen"):
        event.data.title = "other"  # type: ignore[misc]
    assert event.time == datetime(2026, 11, 23, 6, 0, 4, tzinfo=UTC)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
paths = st.sampled_from(
    [
        *("id", "source", "type", "time", "specversion", "datacontenttype", "subject", "data", "other"),
        *("data.profile", "data.recipients", "data.url", "data.labels", "data.shortened", "data.suite", "data.outcome"),
        *("data.counts", "data.counts.total", "data.failures", "data.failures.0", "data.failures.0.trace"),
        *("data.tests", "data.shard", "data.started_at", "data.duration_seconds", "data.other", "data.run_id"),
    ]
)


@given(paths, json_values)
def test_whatever_stands_in_a_field_is_read_or_refused_and_what_is_read_can_be_written(
    path: str, value: object
) -> None:
    try:
        event = read_event(changed("run-finished", path, value))
    except MalformedEvent:
        return
    assert read_event(json.loads(event.to_json_text())) == event


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"period": "fortnight"}, "data.period: must be today, yesterday, "),
        ({"period": 5}, "data.period: must be today, yesterday, "),
        ({"period": "0h"}, "data.period: must be today, yesterday, "),
        ({"period": "99999h"}, "data.period: must be today, yesterday, "),
        ({"period": "24h", "since": "2026-11-20T00:00:00Z"}, "one of them"),
        ({"until": "2026-11-20T00:00:00Z"}, "without `since`"),
        ({"since": "2026-11-20T00:00:00Z", "until": "2026-11-19T00:00:00Z"}, "lies before"),
    ],
)
def test_a_report_of_no_period_is_refused_at_the_door(said: dict[str, Any], text: str) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "runmail.report.requested"}
    with pytest.raises(MalformedEvent) as refused:
        read_event({**event, "data": {"profile": "p", **said}})
    assert text in str(refused.value)
