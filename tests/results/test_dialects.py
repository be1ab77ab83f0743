"""Reports as the common runners write them, and what each must come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite

from consumers.contract import Counts
from consumers.contract.tally import Results
from consumers.results.reports import read_reports

REPORTS = Path(__file__).parent / "reports"


def read(*names: str) -> Results:
    results, faults = read_reports([REPORTS / f"{name}.xml" for name in names])
    assert faults == []
    return results


@dataclass(frozen=True)
class Expected:
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    flaky: int = 0
    seconds: float | None = None
    started: str | None = None
    #: Name, file and message of each test that failed or could not run.
    failures: list[tuple[str, str | None, str | None]] = field(default_factory=list)


CART_TS = "src/cart/__tests__/"
CASES = {
    "surefire": Expected(
        passed=3,
        failed=1,
        errors=1,
        skipped=1,
        flaky=2,
        seconds=1204.519,
        failures=[
            ("com.example.cart.CartTest.refusesZero", None, "expected: <REFUSED> but was: <TAKEN>"),
            (
                "com.example.cart.CartTest.reads the price list",
                None,
                'Cannot invoke "java.util.List.size()" because "prices" is null',
            ),
        ],
    ),
    "jest": Expected(
        passed=2,
        failed=2,
        errors=1,
        skipped=1,
        seconds=3.913,
        failures=[
            (
                "Cart shows the total",
                f"{CART_TS}total.test.ts",
                "Error: expect(received).toBe(expected) // Object.is equality",
            ),
            (
                "Cart › guests › merges two carts",
                f"{CART_TS}cart.test.ts",
                "TypeError: Cannot read properties of undefined (reading 'items')",
            ),
            ("Test suite failed to run", "src/broken.test.ts", "the report states 1 error and names no test"),
        ],
    ),
    "go-junit-report": Expected(
        passed=1,
        failed=2,
        errors=1,
        skipped=1,
        seconds=0.262,
        started="2026-11-20T06:02:11+00:00",
        failures=[
            ("example.com/shop/cart.TestTotals", None, "=== RUN   TestTotals"),
            ("example.com/shop/cart.TestTotals/two_rates", None, "totals_test.go:42: got 12.49, want 12.50"),
            ("example.com/shop/stock › [build failed]", None, "Build error"),
        ],
    ),
    "gotestsum": Expected(
        passed=2,
        failed=1,
        skipped=1,
        seconds=0.531093,
        started="2026-11-20T06:02:11+00:00",
        failures=[("example.com/shop/cart.TestRemove", None, "=== RUN   TestRemove")],
    ),
    "dotnet": Expected(
        passed=3,
        failed=1,
        skipped=1,
        seconds=0.4186,
        failures=[
            (
                'Shop.Cart.Tests.CartTests.Rounds(amount: 1.005, expected: "1,01")',
                None,
                "Assert.Equal() Failure: Strings differ\r\n            ↓ (pos 3)\r\n"
                'Expected: "1,01"\r\nActual:   "1,00"',
            )
        ],
    ),
    "trx-converted": Expected(
        passed=1,
        failed=1,
        seconds=0.031,
        failures=[("Shop.CartTests.Removes", None, "Assert.AreEqual failed. Expected:<0>. Actual:<1>.")],
    ),
    "mocha": Expected(
        passed=2,
        failed=1,
        skipped=1,
        seconds=0.121,
        failures=[("Cart merges two carts", "/builds/shop/test/cart.spec.js", "expected 3 to equal 4")],
    ),
    "node-test": Expected(
        passed=3,
        failed=2,
        skipped=2,
        seconds=0.005519,
        failures=[("fails red", None, "one is not two"), ("cart › breaks", None, "x is undefined")],
    ),
    "googletest": Expected(
        passed=1,
        failed=1,
        skipped=2,
        seconds=0.035,
        failures=[
            (
                "CartTest.Removes",
                "cart_test.cc:20",
                "cart_test.cc:24\nExpected equality of these values:\n  cart.size()\n    Which is: 1\n  0",
            )
        ],
    ),
    "phpunit": Expected(
        passed=2,
        failed=1,
        errors=1,
        seconds=0.052,
        failures=[
            (
                "CartTest.testRounds with data set #1",
                "/builds/shop/tests/CartTest.php",
                "CartTest::testRounds with data set #1 (2.005, '2.01')",
            ),
            ("CartTest.testPrices", "/builds/shop/tests/CartTest.php:40", "CartTest::testPrices"),
        ],
    ),
    "nextest": Expected(
        passed=2,
        failed=1,
        flaky=1,
        seconds=0.113,
        started="2026-11-20T06:02:11.023000+00:00",
        failures=[("shop::cart.rounds", None, "thread 'rounds' panicked at tests/cart.rs:31:5")],
    ),
    "collection-errors": Expected(
        passed=2,
        errors=4,
        seconds=0.2,
        failures=[
            ("stock", "test/stock.js", "the report states 3 errors and names no test"),
            ("payments", "test/payments.js", "Cannot find module './gateway'"),
        ],
    ),
    "plain": Expected(passed=2, failed=1, skipped=1, failures=[("two", None, None)]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_report_comes_to_its_counts_failures_and_duration(name: str) -> None:
    expected = CASES[name]
    results = read(name)
    assert results.counts == Counts(
        total=expected.passed + expected.failed + expected.errors + expected.skipped,
        passed=expected.passed,
        failed=expected.failed,
        errors=expected.errors,
        skipped=expected.skipped,
        flaky=expected.flaky,
    )
    assert [(found.name, found.file, found.message) for found in results.failures] == expected.failures
    assert results.duration_seconds == pytest.approx(expected.seconds)
    assert (results.started_at.isoformat() if results.started_at else None) == expected.started


def test_every_report_here_has_its_expectation() -> None:
    assert {path.stem for path in REPORTS.glob("*.xml")} == set(CASES)


#: Where junitparser has no word for what the report says: nested suites, cases beside suites, errors without cases,
#: tests marked as not run.
NOT_JUNITPARSERS = {"collection-errors", "googletest", "jest", "node-test", "phpunit", "plain"}


@pytest.mark.parametrize("name", sorted(set(CASES) - NOT_JUNITPARSERS))
def test_junitparser_counts_the_same_where_it_is_right(name: str) -> None:
    # It refuses what these two reports get wrong about their bytes, so it gets them mended.
    text = (REPORTS / f"{name}.xml").read_text(encoding="utf-8").replace('encoding="utf-16"', 'encoding="utf-8"')
    theirs = JUnitXml.fromstring(text.replace("&#x0;", "").replace("&#x1B;", "").encode())
    suites = [theirs] if isinstance(theirs, TestSuite) else list(theirs)
    results = [case.result for suite in suites for case in suite]
    ours = read(name).counts
    assert len(results) == ours.total
    for kind, count in ((Failure, ours.failed), (Error, ours.errors), (Skipped, ours.skipped)):
        assert sum(any(isinstance(found, kind) for found in result) for result in results) == count


def test_traces_are_kept_without_terminal_colours() -> None:
    trace = read("gotestsum").failures[0].trace
    assert trace is not None
    assert "remove_test.go:17: still there after remove\n" in trace
    trace = read("surefire").failures[0].trace
    assert trace is not None
    assert trace.startswith("org.opentest4j.AssertionFailedError")
    assert "second try" not in trace


def test_a_failure_knows_how_long_its_test_took_and_flaky_tests_are_named() -> None:
    results = read("surefire")
    assert results.failures[0].duration_seconds == 0.004
    assert [test.name for test in results.tests if test.outcome == "flaky"] == [
        "com.example.cart.CartTest.keepsTheOrder",
        "com.example.cart.CartTest.survivesALostConnection",
    ]


def test_several_reports_are_one_run() -> None:
    results = read("surefire", "jest", "plain")
    assert results.counts.total == 6 + 6 + 4
    assert len(results.failures) == 2 + 3 + 1
    assert results.duration_seconds == pytest.approx(1204.519 + 3.913)
    assert results.counts.total == results.counts.passed + 4 + 2 + 3


def test_tests_with_one_name_are_counted_each() -> None:
    assert [test.name for test in read("dotnet").tests][2:4] == [
        'Shop.Cart.Tests.CartTests.Rounds(amount: 2.005, expected: "2,01")'
    ] * 2
