"""What the templates of a summary are given. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.contract.events import SuiteSummary, SummaryReadyData
from consumers.mails.budget import Budget
from consumers.mails.cleaning import clean_line, cut
from consumers.mails.run_finished_view import Outcome
from consumers.mails.words import count, moment, percent, span
from consumers.mails.zones import zone_named

#: Points of a trend that fit beside a suite's name on a phone.
TREND_POINTS = 14
#: Pixels of the tallest bar of a trend.
TREND_HEIGHT = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a trend: its height in pixels (0 for a run that says nothing), and its tone."""

    height: int
    tone: str


@dataclass(frozen=True, slots=True)
class ShownSuite:
    """One suite of a summary."""

    name: str
    rate: str
    tone: str
    facts: tuple[str, ...]
    trend: tuple[Bar, ...]
    trend_words: str


@dataclass(frozen=True, slots=True)
class SummaryReadyView:
    """A summary as it is shown. `tallies` and `worst` are pairs of texts."""

    title: str
    period: str
    outcome: Outcome
    tallies: tuple[tuple[str, str], ...]
    suites: tuple[ShownSuite, ...]
    worst: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    url: str
    button: str = "See the summary"


def summary_ready_view(data: SummaryReadyData, timezone: str, budget: Budget) -> SummaryReadyView:
    """Return what is shown of a summary, within a budget."""
    zone = zone_named(timezone)
    totals = data.totals
    ran = totals.passed + totals.failed + totals.errors
    rate = totals.passed / ran if ran else None
    period = ""
    if data.period:
        period = f"{moment(data.period.from_, zone)} – {moment(data.period.to, zone)}"
    tallies = (
        ("pass rate", percent(rate) or ""),
        ("runs", f"{totals.runs:,}" if totals.runs else ""),
        ("tests", f"{totals.total:,}" if totals.total else ""),
        ("failed", f"{totals.failed + totals.errors:,}" if totals.failed + totals.errors else ""),
        ("flaky", f"{totals.flaky:,}" if totals.flaky else ""),
    )
    notes = []
    for left, what in ((len(data.suites) - budget.items, "suite"), (len(data.worst) - 10, "failing test")):
        if left > 0:
            notes.append(f"{count(left, 'more ' + what)} not shown here.")
    return SummaryReadyView(
        title=cut(clean_line(data.title), 160) or "(untitled summary)",
        period=period,
        outcome=_outcome(data, rate),
        tallies=tuple((label, text) for label, text in tallies if text),
        suites=tuple(_suite(suite) for suite in data.suites[: budget.items]),
        worst=tuple(
            (
                cut(clean_line(test.name), 200),
                count(test.failures, "failure") + (f", failing since {moment(test.since, zone)}" if test.since else ""),
            )
            for test in data.worst[:10]
        ),
        notes=tuple(notes),
        url=data.url or "",
    )


def _outcome(data: SummaryReadyData, rate: float | None) -> Outcome:
    if rate is None:
        return Outcome("○", "quiet", "no tests ran")
    headline = f"{percent(rate)} passed"
    if data.totals.runs:
        headline += f" in {count(data.totals.runs, 'run')}"
    return Outcome("■", _tone(rate), headline)


def _suite(suite: SuiteSummary) -> ShownSuite:
    points = suite.trend[-TREND_POINTS:]
    facts = [
        count(suite.runs, "run") if suite.runs else "",
        f"{suite.failed:,} failed" if suite.failed else "",
        span(suite.duration_seconds) or "",
    ]
    return ShownSuite(
        name=cut(clean_line(suite.suite), 100) or "(unnamed suite)",
        rate=percent(suite.pass_rate) or "–",
        tone=_tone(suite.pass_rate),
        facts=tuple(part for part in facts if part),
        trend=tuple(
            Bar(0, "quiet") if point is None else Bar(max(2, round(point * TREND_HEIGHT)), _tone(point))
            for point in points
        ),
        trend_words=" ".join("–" if point is None else f"{round(point * 100)}" for point in points),
    )


def _tone(rate: float | None) -> str:
    """Return the tone of a pass rate: good only when everything passed."""
    if rate is None:
        return "quiet"
    return "good" if rate >= 1 else "warn" if rate >= 0.95 else "bad"
