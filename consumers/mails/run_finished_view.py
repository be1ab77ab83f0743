"""What the templates of a finished run are given. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.contract.events import Counts, Failure, RunFinishedData
from consumers.mails.budget import Budget
from consumers.mails.cleaning import clean_block, clean_line, cut, shorten_lines, without_captured
from consumers.mails.words import count, moment, span
from consumers.mails.zones import zone_named


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: a sign that differs in shape, a tone that picks the colour, and a headline."""

    sign: str
    tone: str
    headline: str


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind of count. `share` is its part of all tests in whole percent, at least 1."""

    label: str
    number: str
    tone: str
    share: int


@dataclass(frozen=True, slots=True)
class ShownFailure:
    """One failing test as it is shown."""

    name: str
    place: str
    message: tuple[str, ...]
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunFinishedView:
    """A finished run as it is shown. `facts` are pairs of label and text."""

    suite: str
    branch: str
    outcome: Outcome
    part: str
    tallies: tuple[Tally, ...]
    facts: tuple[tuple[str, str], ...]
    failures: tuple[ShownFailure, ...]
    notes: tuple[str, ...]
    url: str
    button: str = "See the run"


def run_finished_view(data: RunFinishedData, timezone: str, budget: Budget) -> RunFinishedView:
    """Return what is shown of a run, within a budget."""
    zone = zone_named(timezone)
    facts = [
        ("Environment", clean_line(data.environment or "")),
        ("Branch", clean_line(data.branch or "")),
        ("Commit", clean_line(data.commit or "")[:12]),
        ("Duration", span(data.duration_seconds) or ""),
        ("Started", moment(data.started_at, zone) or ""),
        ("Run", cut(clean_line(data.run_id or ""), 60)),
        *((cut(clean_line(name), 40), cut(clean_line(text), 120)) for name, text in list(data.labels.items())[:12]),
    ]
    shown = data.failures[: budget.items]
    return RunFinishedView(
        suite=cut(clean_line(data.suite), 120) or "(unnamed suite)",
        branch=cut(clean_line(data.branch or ""), 60),
        outcome=outcome_of(data),
        part=f"part {data.shard.index} of {data.shard.total}" if data.shard else "",
        tallies=_tallies(data.counts),
        facts=tuple((label, text) for label, text in facts if text),
        failures=tuple(_failure(failure, budget) for failure in shown),
        notes=_notes(data, len(shown), budget),
        url=data.url or "",
    )


def outcome_of(data: RunFinishedData) -> Outcome:
    """Return how the run ended, in words that fit a subject line."""
    counts = data.counts
    if data.overdue_after_seconds is not None:
        return Outcome("⊘", "bad", f"no end reported within {span(data.overdue_after_seconds)}")
    if data.outcome == "cancelled":
        return Outcome("⊘", "quiet", "cancelled" + (f" after {count(counts.total, 'test')}" if counts.total else ""))
    if data.outcome == "timed_out":
        return Outcome("⏱", "bad", "timed out" + (f" after {count(counts.total, 'test')}" if counts.total else ""))
    bad = []
    if counts.failed:
        bad.append(f"{counts.failed:,} of {counts.total:,} failed")
    if counts.errors:
        bad.append(count(counts.errors, "error") if counts.failed else f"{counts.errors:,} of {counts.total:,} errored")
    if bad:
        return Outcome("✗", "bad", ", ".join(bad))
    if data.outcome in ("failed", "error"):
        return Outcome("✗", "bad", "failed" if data.outcome == "failed" else "could not run")
    if counts.total == 0:
        return Outcome("○", "quiet", "no tests ran")
    flaky = f", {counts.flaky:,} flaky" if counts.flaky else ""
    if counts.passed == 0:
        return Outcome("○", "quiet", f"all {counts.total:,} skipped")
    return Outcome("✓", "good", f"{counts.passed:,} passed{flaky}")


def _tallies(counts: Counts) -> tuple[Tally, ...]:
    kinds = (
        ("failed", counts.failed, "bad"),
        ("errors", counts.errors, "bad"),
        ("flaky", counts.flaky, "warn"),
        ("passed", counts.passed - counts.flaky if counts.passed >= counts.flaky else counts.passed, "good"),
        ("skipped", counts.skipped, "quiet"),
    )
    whole = sum(number for _, number, _ in kinds) or 1
    return tuple(
        Tally(label, f"{number:,}", tone, max(1, round(100 * number / whole)))
        for label, number, tone in kinds
        if number
    )


def _failure(failure: Failure, budget: Budget) -> ShownFailure:
    place = [clean_line(failure.file or ""), clean_line(failure.owner or ""), span(failure.duration_seconds) or ""]
    message, _ = shorten_lines(failure.message, budget.message_lines) if failure.message else ([], 0)
    trace, _ = _trace(failure.trace, budget)
    return ShownFailure(
        name=cut(clean_line(failure.name), 200) or "(unnamed test)",
        place=" · ".join(cut(part, 120) for part in place if part),
        message=tuple(line for line in message if line.strip()) if any(message) else (),
        trace=tuple(trace) if any(line.strip() for line in trace) else (),
    )


def _trace(text: str | None, budget: Budget) -> tuple[list[str], int]:
    if not text or not budget.trace_lines:
        return [], 0
    return shorten_lines(without_captured(clean_block(text)), budget.trace_lines)


def _notes(data: RunFinishedData, shown: int, budget: Budget) -> tuple[str, ...]:
    """Say what the mail does not show."""
    notes = []
    if data.overdue_after_seconds is not None:
        notes.append(
            "This run announced its start and has not reported how it ended, so it counts as cancelled. It may have "
            "been killed, or may still be running. If its end is reported later, that is a mail of its own."
        )
    bad = max(data.counts.failed + data.counts.errors, len(data.failures))
    if data.failures and bad > shown:
        notes.append(f"{count(bad - shown, 'more failing test')} not shown here.")
    elif bad and not data.failures:
        notes.append("The publisher sent no details of the failing tests.")
    if data.failures and not budget.trace_lines:
        notes.append("Traces are left out to keep this mail small.")
    left = {name: n for name, n in data.shortened.items() if n and name in ("traces", "messages", "tests", "failures")}
    if left:
        notes.append(
            "Shortened by the publisher: " + ", ".join(f"{n:,} {name}" for name, n in sorted(left.items())) + "."
        )
    return tuple(notes)
