"""What the templates of a summary are given. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.contract.events import FlakyTest, SlowSuite, SuiteSummary, SummaryReadyData, Totals, WorstTest
from consumers.mails.budget import Budget
from consumers.mails.charts import HEIGHT, WIDTH, trend_picture
from consumers.mails.cleaning import clean_line, cut
from consumers.mails.period_words import period_words, short_period_words
from consumers.mails.related import Picture
from consumers.mails.run_finished_view import Outcome
from consumers.mails.words import count, moment, percent, points, span
from consumers.mails.zones import zone_named

#: Points of a trend that are shown.
TREND_POINTS = 14
#: Failing and flaky tests that are shown; who wants all of them looks at the runs.
MOST_TESTS = 10


@dataclass(frozen=True, slots=True)
class Change:
    """How a rate changed: “+1.2 points”, and its tone."""

    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class ShownSuite:
    """One suite of a summary. `picture` is its trend, None without a point."""

    name: str
    rate: str
    tone: str
    change: Change | None
    facts: tuple[str, ...]
    picture: Picture | None
    trend_words: str


@dataclass(frozen=True, slots=True)
class SummaryReadyView:
    """A summary as it is shown. `tallies`, `worst`, `slowest` and `flaky` are pairs of texts."""

    title: str
    period: str
    short_period: str
    outcome: Outcome
    tallies: tuple[tuple[str, str], ...]
    suites: tuple[ShownSuite, ...]
    worst: tuple[tuple[str, str], ...]
    slowest: tuple[tuple[str, str], ...]
    flaky: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    url: str
    button: str = "See the summary"

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures of the suites."""
        return tuple(suite.picture for suite in self.suites if suite.picture is not None)


def summary_ready_view(data: SummaryReadyData, timezone: str, budget: Budget) -> SummaryReadyView:
    """Return what is shown of a summary, within a budget."""
    zone = zone_named(timezone)
    rate = _rate(data.totals)
    ends = (data.period.from_, data.period.to) if data.period else None
    return SummaryReadyView(
        title=cut(clean_line(data.title), 160) or "(untitled summary)",
        period=period_words(*ends, zone) if ends else "",
        short_period=short_period_words(*ends, zone) if ends else "",
        outcome=_outcome(data, rate),
        tallies=_tallies(data, rate),
        suites=tuple(_suite(suite) for suite in data.suites[: budget.items]),
        worst=tuple((_name(test.name), _failing(test, moment(test.since, zone))) for test in data.worst[:MOST_TESTS]),
        slowest=tuple((_name(suite.suite), _slow(suite)) for suite in data.slowest[:MOST_TESTS]),
        flaky=tuple((_name(test.name), _flaky(test)) for test in data.flaky[:MOST_TESTS]),
        notes=_notes(data, budget),
        url=data.url or "",
    )


def trend_in_words(rates: tuple[float | None, ...]) -> str:
    """Return what a trend shows: “pass rate over 14 runs: from 92 % to 97 %, lowest 80 %”."""
    known = [rate for rate in rates if rate is not None]
    if not known:
        return "no pass rate"
    if len(rates) == 1:
        return f"pass rate of one run: {percent(known[0])}"
    over = f"pass rate over {len(rates)} runs" + (
        f", {len(rates) - len(known)} without tests" if len(known) < len(rates) else ""
    )
    if min(known) == max(known):
        return f"{over}: always {percent(known[0])}"
    return f"{over}: from {percent(known[0])} to {percent(known[-1])}, lowest {percent(min(known))}"


def _rate(totals: Totals | None) -> float | None:
    if totals is None:
        return None
    ran = totals.passed + totals.failed + totals.errors
    return totals.passed / ran if ran else None


def _tallies(data: SummaryReadyData, rate: float | None) -> tuple[tuple[str, str], ...]:
    totals = data.totals
    change = _change(rate, _rate(data.totals_before))
    tallies = (
        ("pass rate", percent(rate) or ""),
        ("vs. period before", change.words if change else ""),
        ("runs", f"{totals.runs:,}" if totals.runs else ""),
        ("tests", f"{totals.total:,}" if totals.total else ""),
        ("failed", f"{totals.failed + totals.errors:,}" if totals.failed + totals.errors else ""),
        ("flaky", f"{totals.flaky:,}" if totals.flaky else ""),
    )
    return tuple((label, text) for label, text in tallies if text)


def _change(rate: float | None, before: float | None) -> Change | None:
    """Return how a rate changed; None where there is nothing to compare."""
    if rate is None or before is None:
        return None
    words = points(rate - before)
    return Change(words, "quiet" if words.startswith("±") else "good" if rate > before else "bad")


def _outcome(data: SummaryReadyData, rate: float | None) -> Outcome:
    if rate is None:
        return Outcome("○", "quiet", "no tests ran")
    headline = f"{percent(rate)} passed"
    if data.totals.runs:
        headline += f" in {count(data.totals.runs, 'run')}"
    return Outcome("■", _tone(rate), headline)


def _suite(suite: SuiteSummary) -> ShownSuite:
    rates = suite.trend[-TREND_POINTS:]
    facts = [
        count(suite.runs, "run") if suite.runs else "",
        f"{suite.failed:,} failed" if suite.failed else "",
        span(suite.duration_seconds) or "",
    ]
    last = next((rate for rate in reversed(rates) if rate is not None), None)
    png = trend_picture(rates, _tone(last))
    return ShownSuite(
        name=cut(clean_line(suite.suite), 100) or "(unnamed suite)",
        rate=percent(suite.pass_rate) or "–",
        tone=_tone(suite.pass_rate),
        change=_change(suite.pass_rate, suite.pass_rate_before),
        facts=tuple(part for part in facts if part),
        picture=Picture(png, trend_in_words(rates), WIDTH, HEIGHT) if png else None,
        trend_words=" ".join((percent(rate) or "–").removesuffix(" %") for rate in rates),
    )


def _failing(test: WorstTest, since: str | None) -> str:
    parts = [count(test.failures, "failure"), _place(test.suite)]
    if since:
        branch = f" on {cut(clean_line(test.branch), 60)}" if test.branch else ""
        parts.append(f"failing since {since}{branch}")
    return " · ".join(part for part in parts if part)


def _slow(suite: SlowSuite) -> str:
    before = span(suite.duration_before)
    return f"{span(suite.duration_seconds)}" + (f", before {before}" if before else "")


def _flaky(test: FlakyTest) -> str:
    times = "once" if test.times == 1 else f"{test.times:,} times" if test.times else ""
    return " · ".join(part for part in (times, _place(test.suite)) if part)


def _name(text: str) -> str:
    return cut(clean_line(text), 200) or "(unnamed)"


def _place(suite: str | None) -> str:
    return cut(clean_line(suite or ""), 100)


def _notes(data: SummaryReadyData, budget: Budget) -> tuple[str, ...]:
    """Say what the mail does not show."""
    left = (
        (len(data.suites) - budget.items, "suite"),
        (len(data.worst) - MOST_TESTS, "failing test"),
        (len(data.flaky) - MOST_TESTS, "flaky test"),
    )
    return tuple(f"{count(number, 'more ' + what)} not shown here." for number, what in left if number > 0)


def _tone(rate: float | None) -> str:
    """Return the tone of a pass rate: good only when everything passed."""
    if rate is None:
        return "quiet"
    return "good" if rate >= 1 else "warn" if rate >= 0.95 else "bad"
