"""CTRF reports of several emitters, of the older and the newer schema, broken ones, and ones mixed with JUnit."""

from __future__ import annotations

import contextlib
import io
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.contract import Counts, Failure
from consumers.contract.tally import MAX_FAILURES, Results, Tally
from consumers.results.ctrf import read_ctrf
from consumers.results.malformed import MalformedReport
from consumers.results.reports import find_reports, read_reports

EXAMPLES = Path(__file__).parents[2] / "examples"
PASSED = {"name": "a", "status": "passed", "duration": 10}


def report(*tests: dict[str, Any], **results: Any) -> str:
    summary = {"tests": len(tests), "passed": 0, "failed": 0, "skipped": 0, "pending": 0, "other": 0}
    return json.dumps({"results": {"tool": {"name": "any"}, "summary": summary, "tests": list(tests), **results}})


def read(content: str | bytes) -> Results:
    tally = Tally()
    span = read_ctrf(io.BytesIO(content.encode() if isinstance(content, str) else content), tally)
    return tally.results(span.seconds, span.start)


def one(**fields: Any) -> tuple[str, str, Failure | None]:
    """Return name, outcome and failure of a single test."""
    results = read(report({"name": "t", "status": "failed", "duration": 1, **fields}))
    (test,) = results.tests
    return test.name, test.outcome, results.failures[0] if results.failures else None


def test_the_shipped_report_is_read() -> None:
    results, faults = read_reports([EXAMPLES / "reports" / "ctrf.json"])
    assert faults == []
    assert results.counts == Counts(total=6, passed=3, failed=1, skipped=2, flaky=1)
    assert (results.names, results.duration_seconds) == (("storefront-web",), 149.57)
    assert results.started_at == datetime(2026, 11, 20, 6, 2, 11, tzinfo=UTC)
    assert results.failures == (
        Failure(
            name="chromium › Checkout › shows the tax of a mixed cart",
            file="e2e/checkout.spec.ts:67",
            message='Error: expect(locator).toHaveText(expected)\n\nExpected: "EUR 3.63"\nReceived: "EUR 3.64"',
            trace="    at e2e/checkout.spec.ts:72:31",
            duration_seconds=5.13,
            owner="team-checkout",
        ),
    )


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        # Playwright: the suite is a path from the project down; once one text, now a list
        ({"suite": ["chromium", "x.spec.ts", "Login"], "filePath": "/e2e/x.spec.ts"}, "chromium › Login › t"),
        ({"suite": "chromium > x.spec.ts > Login", "filePath": "/e2e/x.spec.ts"}, "chromium › Login › t"),
        # Jest: the name begins with the titles around it
        ({"name": "Cart adds up", "suite": "cart.test.js > Cart", "filePath": "/src/cart.test.js"}, "Cart adds up"),
        # Vitest
        ({"name": "adds", "suite": "src/cart.test.ts > Cart", "filePath": "/r/src/cart.test.ts"}, "Cart › adds"),
        # pytest: the name is the path
        ({"name": "x.py::A::test_a", "suite": ["x.py", "A"], "filePath": "x.py"}, "x.py::A::test_a"),
        # Go: the suite is the package
        ({"name": "TestSum/empty", "suite": "example.com/shop/cart"}, "example.com/shop/cart › TestSum/empty"),
        # Cypress, .NET
        ({"name": "opens the page", "suite": "Home page"}, "Home page › opens the page"),
        ({"name": "Shop.Tests.CartTests.AddsUp"}, "Shop.Tests.CartTests.AddsUp"),
        # odd ones
        ({"name": "", "suite": ["a", "b"]}, "a › b"),
        ({"name": "t", "suite": ["s", "t"]}, "t"),
        ({"name": "\x1b[31mred\x1b[0m \ud800", "suite": 5}, "red \ufffd"),
        ({"name": None, "suite": None}, "(no name)"),
    ],
)  # fmt: skip
def test_a_test_is_called_by_its_suite_and_name_once(fields: dict[str, Any], name: str) -> None:
    assert one(**fields)[0] == name


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"status": "passed"}, "passed"),
        ({"status": "passed", "retries": 0, "flaky": False}, "passed"),
        ({"status": "passed", "flaky": True}, "flaky"),
        ({"status": "passed", "flake": True, "retry": 1}, "flaky"),
        ({"status": "passed", "retries": 2}, "flaky"),
        ({"status": "passed", "retries": True}, "passed"),
        ({"status": "failed", "rawStatus": "timedOut"}, "failed"),
        ({"status": "other", "rawStatus": "timed-out"}, "error"),
        ({"status": "failed", "rawStatus": "call_failed"}, "failed"),
        ({"status": "failed", "rawStatus": "setup_failed"}, "error"),
        ({"status": "failed", "flaky": True, "retries": 3}, "failed"),
        ({"status": "skipped"}, "skipped"),
        ({"status": "pending"}, "skipped"),
        ({"status": "other"}, "skipped"),
        ({"status": "other", "rawStatus": "todo"}, "skipped"),
        ({"status": "other", "rawStatus": "Aborted"}, "error"),
        ({"status": "other", "trace": "   at Shop.Cart.Add()"}, "error"),
        ({"status": "Passed"}, "passed"),
        ({"status": None}, "skipped"),
    ],
)
def test_a_status_becomes_an_outcome(fields: dict[str, Any], outcome: str) -> None:
    assert one(**fields)[1] == outcome


def test_texts_of_a_failure_are_plain_bounded_and_not_said_twice() -> None:
    _, _, failure = one(message="\x1b[31mboom\x1b[0m\x00", trace=["line 1", "line 2"], filePath="a.js", line=True)
    assert failure == Failure(
        name="t", file="a.js", message="boom\ufffd", trace="line 1\nline 2", duration_seconds=0.001
    )
    _, _, failure = one(trace="first line\n  at x", duration=float("nan"))
    assert failure is not None
    assert (failure.message, failure.duration_seconds) == ("first line", None)
    _, _, failure = one(message="same", trace="same")
    assert failure is not None
    assert failure.trace is None
    _, _, failure = one(trace="begin " + "x" * 100_000 + " end")
    assert failure is not None
    assert failure.trace is not None
    assert len(failure.trace) <= 20_000
    assert (failure.trace[:5], failure.trace[-3:]) == ("begin", "end")


@pytest.mark.parametrize(
    ("summary", "start", "seconds"),
    [
        ({"start": 1795154531000, "stop": 1795154533500}, "2026-11-20T06:02:11+00:00", 2.5),
        ({"start": 1795154531, "stop": 1795154533.5}, "2026-11-20T06:02:11+00:00", 2.5),
        ({"start": 0, "stop": 0}, None, 0.02),
        ({"start": 1795154531000, "stop": 0, "duration": 7000}, "2026-11-20T06:02:11+00:00", 7.0),
        ({"start": 1795154531000, "stop": 1795154530000}, "2026-11-20T06:02:11+00:00", 0.02),
        ({"start": "yesterday", "stop": None}, None, 0.02),
        ({"start": 1e300, "stop": True}, None, 0.02),
    ],
)
def test_when_the_run_was_and_how_long_it_took(summary: dict[str, Any], start: str | None, seconds: float) -> None:
    results = read(report(PASSED, PASSED, summary=summary))
    assert (results.started_at and results.started_at.isoformat(), results.duration_seconds) == (start, seconds)


def test_totals_are_believed_only_where_no_test_is_named() -> None:
    assert read(report(PASSED, summary={"tests": 9, "passed": 9, "failed": 3})).counts == Counts(total=1, passed=1)
    results = read(report(summary={"tests": 3, "passed": 1, "failed": 2}))
    assert results.counts == Counts(total=2, errors=2)
    assert results.failures[0].message == "the report states 2 failed tests and names none"
    assert read(report(totals={"failed": -5})).counts == Counts()


def test_fields_that_nobody_knows_and_any_order_are_taken() -> None:
    text = '{"x":[{}],"results":{"tests":[{"name":"a","status":"passed","new":{"deep":[1]}},5,null],"tool":null},"y":1}'
    assert read(text).counts == Counts(total=1, passed=1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_usual_encodings_are_read(encoding: str) -> None:
    text = json.dumps({"results": {"tests": [{"name": "größer", "status": "passed"}]}}, ensure_ascii=False)
    assert read(text.encode(encoding)).tests[0].name == "größer"


@pytest.mark.parametrize(
    ("content", "reason", "line", "words"),
    [
        ("", "empty_report", 0, "wrote nothing"),
        (" \n", "empty_report", 0, "wrote nothing"),
        ("[]", "not_ctrf", 1, "no JSON object"),
        ("no report", "not_ctrf", 1, "no JSON object"),
        ('{"a": 1}', "not_ctrf", 0, "no `results`"),
        ('{"results": []}', "not_ctrf", 0, "no CTRF report"),
        ('{"specversion": "1.0", "data": {}}', "not_ctrf", 0, "runmail publish FILE"),
        ('{"testResults": []}', "not_ctrf", 0, "jest-ctrf-json-reporter"),
        ('{"results": {\n"tests": [\n{"name": "a"},\n{"name": "b", "sta', "truncated", 4, "after 1 test:"),
        ('{"results": {\n"tests": [{"name": "a", "status": "passed"}', "truncated", 2, "after 1 test:"),
        ('{"results": {"tests": []', "truncated", 1, "in the middle: was"),
        ('{"results": {"tests": [\n{"name": a}]}}', "malformed_json", 2, "no JSON: expecting value"),
        ('{"results": {"tests": [{}\n{}]}}', "malformed_json", 2, "expecting , or ]"),
        ('{"results": {}}\nlog {}', "malformed_json", 2, "something follows"),
        ('{"results": {"x": ' + "[" * 100_000 + "]" * 100_000 + "}}", "malformed_json", 1, "nested deeper"),
    ],
)  # fmt: skip
def test_a_broken_report_is_refused_with_reason_line_and_plain_words(
    content: str, reason: str, line: int, words: str
) -> None:
    with pytest.raises(MalformedReport) as caught:
        read(content)
    assert (caught.value.reason, caught.value.line) == (reason, line)
    assert words in caught.value.text


def test_a_report_above_the_limit_is_refused() -> None:
    with pytest.raises(MalformedReport, match="more than 100 bytes"):
        read_ctrf(io.BytesIO(b"x" * 101), Tally(), max_bytes=100)


def test_a_large_report_costs_little_more_than_its_text() -> None:
    row = json.dumps({"name": "test", "status": "failed", "duration": 5, "trace": "x" * 2_000, "stdout": ["y" * 2_000]})
    content = ('{"results":{"tests":[' + ",".join([row] * 8_000) + "]}}").encode()
    tracemalloc.start()
    results = read(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert results.counts.failed == 8_000
    assert results.shortened == {"failures": 8_000 - MAX_FAILURES}
    assert peak < 3 * len(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        *("name", "status", "duration", "suite", "trace", "message", "filePath"),
        *("line", "retries", "flaky", "labels", "rawStatus"),
    ]
)
FIELD = JSON | st.sampled_from(["failed", "passed", "other"])
TIMES = st.sampled_from(["start", "stop", "duration", "failed"])


@settings(deadline=None)  # other tests may have the processor too
@given(st.lists(st.dictionaries(FIELDS, FIELD) | JSON, max_size=4), st.dictionaries(TIMES, JSON))
def test_whatever_stands_in_the_fields_is_counted_or_passed_over(tests: list[Any], summary: dict[str, Any]) -> None:
    results = read(json.dumps({"results": {"summary": summary, "tests": tests}}))
    named = sum(isinstance(test, dict) for test in tests)
    assert results.counts.total == named or (named == 0 and results.counts.errors == results.counts.total)


@settings(deadline=None)  # other tests may have the processor too
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: ('{"results":' + text).encode("utf-8", "replace"))
)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(MalformedReport):
        read(content)


def test_reports_of_both_formats_are_one_run(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.json").write_text(report(PASSED, {**PASSED, "status": "failed"}))
    (tmp_path / "b.xml").write_text('<testsuite name="b"><testcase name="x" time="2"/></testsuite>')
    (tmp_path / "no-suffix").write_bytes(b"\xef\xbb\xbf \n" + report(PASSED).encode())
    paths = [*find_reports([str(tmp_path)]), *find_reports([str(tmp_path)], ".json"), tmp_path / "no-suffix"]
    results, faults = read_reports(paths)
    assert faults == []
    assert results.counts == Counts(total=4, passed=3, failed=1)
    assert results.duration_seconds == pytest.approx(2.03)


def test_a_file_that_is_neither_is_refused_as_what_its_name_says(tmp_path: Path) -> None:
    for name, reason in (("a.json", "not_ctrf"), ("a.xml", "malformed_xml"), ("b.JSON", "not_ctrf")):
        (tmp_path / name).write_text("garbage")
        _, (fault,) = read_reports([tmp_path / name])
        assert (fault.reason, fault.file) == (reason, str(tmp_path / name))
