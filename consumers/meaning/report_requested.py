"""`runmail.report.requested`: answered by a `runmail.summary.ready` of the recorded runs."""

from __future__ import annotations

from consumers.contract.events import ReportRequested
from consumers.notice import Question


def report_requested(event: ReportRequested) -> Question:
    """Return what must be looked up; which runs and whose zone is known where it is answered."""
    return Question(event)
