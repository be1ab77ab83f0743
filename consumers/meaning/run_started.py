"""`runmail.run.started`: no mail by itself; a run that never reports its end is told by its overdue finish."""

from __future__ import annotations

from datetime import datetime

from consumers.contract.events import RunFinished, RunFinishedData, RunStarted
from consumers.contract.ids import overdue_id
from consumers.notice import Skip

#: Why a start needs no mail.
WAITS = "waits_for_finish"
#: What a finish says that does not come from the start.
_OWN = ("finish_id", "deadline_seconds", "started_at")


def run_started(_event: RunStarted) -> Skip:
    """Return why there is no mail."""
    return Skip(WAITS)


def overdue_finish(started: RunStarted, now: datetime) -> RunFinished:
    """Return the finish of a run that did not report one in time.

    It is cancelled rather than timed out: the run may have been ended by hand, and nobody knows. Equal starts
    give equal data, whoever asks and whenever.
    """
    said = {name: value for name, value in started.data.model_dump(by_alias=True).items() if name not in _OWN}
    data = RunFinishedData.model_validate(
        {
            **said,
            "started_at": started.data.started_at or started.time,
            "outcome": "cancelled",
            "overdue_after_seconds": started.data.deadline_seconds,
        }
    )
    return RunFinished(id=overdue_id(started.data.finish_id), source=started.source, time=now, data=data)
