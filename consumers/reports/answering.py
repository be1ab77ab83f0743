"""Answering: a request for a report becomes the summary of the runs it means.

The answer's id is derived from the request's, so that a request that comes again has the same answer. The period is
that of the moment the request was made, not of the moment it is answered.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy import Connection, Engine, select

from consumers.contract.events import (
    Event,
    Period,
    ReportRequested,
    ReportRequestedData,
    SummaryReady,
    SummaryReadyData,
)
from consumers.contract.sizes import fit
from consumers.ledger.tables import events
from consumers.ledger.writer import reading
from consumers.mails.zones import zone_named
from consumers.notice import Question, Skip
from consumers.reports.computing import TREND_RUNS, compute, most_failing
from consumers.reports.failing import read_streaks
from consumers.reports.periods import Span, period_of
from consumers.reports.reading import count_tests, read_newest, read_runs
from consumers.reports.selection import Selection
from profiles.profile import Profile

#: Source of the summaries that are made here.
SOURCE = "runmail:reports"
#: How far back a trend reaches.
TREND_BACK = timedelta(days=30)
#: Parts of runs of one suite that are read for its trend.
MOST_TREND_PARTS = 500
#: Why a request brings no mail.
NOTHING_TO_REPORT = Skip("nothing_to_report")


def answer(engine: Engine, row_id: int, question: Question, profile: Profile) -> Event | Skip:
    """Return the summary that answers the request in an event's row, or why there is none.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: when the database does not answer.
    """
    event = question.asked
    with reading(), engine.execution_options(reading=True).connect() as connection:
        asked = event.time or _published_at(connection, row_id)
        found = summarise(connection, event.data, asked, zone_named(profile.timezone))
    if isinstance(found, Skip):
        return found
    return fit(SummaryReady(source=SOURCE, id=answer_id(event), time=asked, data=found))


def answer_id(event: ReportRequested) -> str:
    """Return the id of the answer to a request."""
    return hashlib.sha256(f"{event.source}\n{event.id}".encode("utf-8", "replace")).hexdigest()[:40]


def summarise(
    connection: Connection, data: ReportRequestedData, asked: datetime, zone: tzinfo
) -> SummaryReadyData | Skip:
    """Compute the summary that a request of the moment `asked` means, by the calendar of `zone`."""
    selection = Selection.of(data)
    compared = period_of(data, asked, zone)
    # One query for both periods: they follow each other.
    both = read_runs(connection, selection, Span(compared.before.begin, compared.period.end))
    begin = compared.period.begin.timestamp() * 1000
    runs = [run for run in both if run.finished_at >= begin]
    if not runs and data.skip_empty:
        return NOTHING_TO_REPORT
    end = compared.period.end
    counts = count_tests(connection, selection, compared.period, runs)
    tests = [test for test, _ in most_failing(counts)]
    suites = {run.stream.suite for run in runs}
    parts = min(TREND_RUNS * max((len(run.rows) for run in runs), default=1), MOST_TREND_PARTS)
    findings = compute(
        runs,
        [run for run in both if run.finished_at < begin],
        read_newest(connection, selection, suites, end, TREND_BACK, parts),
        counts,
        read_streaks(connection, selection, tests, end),
    )
    return SummaryReadyData(
        profile=data.profile,
        recipients=data.recipients,
        url=data.url,
        labels=data.labels,
        title=data.title or f"Test report{selection.words()}",
        period=Period(from_=compared.period.begin, to=compared.period.end),
        totals=findings.totals,
        totals_before=findings.totals_before,
        suites=findings.suites,
        worst=findings.worst,
        slowest=findings.slowest,
        flaky=findings.flaky,
    )


def _published_at(connection: Connection, row_id: int) -> datetime:
    """Return when a request was made that does not say so: when it was published, as far as that is known."""
    row = connection.execute(select(events.c.published_at, events.c.recorded_at).where(events.c.id == row_id)).one()
    return datetime.fromtimestamp(min(row.published_at or row.recorded_at, row.recorded_at) / 1000, UTC)
