"""The events runmail takes: CloudEvents 1.0 in structured mode, one class a type.

Unknown fields are kept, not refused: an older worker must survive a newer publisher. The classes know what an
event says and nothing of queues, profiles or mail. `source` and `id` together identify an event. What the events are
made of stands in `values`, `run_values` and `summary_values`, and is imported from here.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from .cloud_event import CloudEvent
from .run_values import (
    Counts,
    Failure,
    Outcome,
    RunFinishedData,
    RunStartedData,
    Shard,
    TestOutcome,
    TestResult,
)
from .summary_values import (
    FlakyTest,
    Period,
    ReportRequestedData,
    SlowSuite,
    SuiteSummary,
    SummaryReadyData,
    Totals,
    WorstTest,
)
from .texts import Identifier, LongText, Name
from .times import MaybeInstant
from .values import EventData, Value

__all__ = [
    "EVENT_TYPES",
    "Alert",
    "AlertData",
    "CloudEvent",
    "Counts",
    "Event",
    "EventData",
    "Failure",
    "FlakyTest",
    "Outcome",
    "Period",
    "ReportRequested",
    "ReportRequestedData",
    "RunFinished",
    "RunFinishedData",
    "RunStarted",
    "RunStartedData",
    "Shard",
    "SlowSuite",
    "SuiteSummary",
    "SummaryReady",
    "SummaryReadyData",
    "TestOutcome",
    "TestResult",
    "Totals",
    "Value",
    "WorstTest",
]

Severity = Literal["critical", "warning", "info"]


class AlertData(EventData):
    """Something needs attention, or no longer does. Equal `key` means the same alert."""

    key: Identifier
    title: Name
    severity: Severity = "warning"
    status: Literal["firing", "resolved"] = "firing"
    description: LongText | None = None
    starts_at: MaybeInstant = None
    ends_at: MaybeInstant = None


class Event(CloudEvent):
    """A fact a publisher states (CloudEvents 1.0, JSON format, structured mode)."""

    data: EventData

    def with_data(self, **changes: Any) -> Self:
        """Return the event with some fields of its data replaced."""
        return self.model_copy(update={"data": self.data.model_copy(update=changes)})


class RunFinished(Event):
    """`runmail.run.finished`: a test run came to an end."""

    type: Literal["runmail.run.finished"] = "runmail.run.finished"
    data: RunFinishedData


class RunStarted(Event):
    """`runmail.run.started`: a test run began, and its end is waited for."""

    type: Literal["runmail.run.started"] = "runmail.run.started"
    data: RunStartedData


class SummaryReady(Event):
    """`runmail.summary.ready`: a summary over a period is ready to be sent."""

    type: Literal["runmail.summary.ready"] = "runmail.summary.ready"
    data: SummaryReadyData


class Alert(Event):
    """`runmail.alert`: something needs attention, or no longer does."""

    type: Literal["runmail.alert"] = "runmail.alert"
    data: AlertData


class ReportRequested(Event):
    """`runmail.report.requested`: a scheduler asks for a summary."""

    type: Literal["runmail.report.requested"] = "runmail.report.requested"
    data: ReportRequestedData


#: The types published to us, by the CloudEvents `type`.
EVENT_TYPES: dict[str, type[Event]] = {
    "runmail.run.finished": RunFinished,
    "runmail.run.started": RunStarted,
    "runmail.summary.ready": SummaryReady,
    "runmail.alert": Alert,
    "runmail.report.requested": ReportRequested,
}
