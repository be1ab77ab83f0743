"""What publishers need: the event classes and, with redis installed, the Publisher.

Nothing here imports the rest of runmail, and only building a Publisher imports redis.
"""

from consumers.contract.documents import read_events
from consumers.contract.events import (
    Alert,
    AlertData,
    Counts,
    Event,
    Failure,
    Period,
    ReportRequested,
    ReportRequestedData,
    RunFinished,
    RunFinishedData,
    Shard,
    SuiteSummary,
    SummaryReady,
    SummaryReadyData,
    TestResult,
    Totals,
    WorstTest,
)
from consumers.contract.ids import derived_id
from consumers.contract.malformed import MalformedEvent
from consumers.contract.publisher import BrokerUnavailable, Publisher
from consumers.contract.reading import read_event

__all__ = [
    "Alert",
    "AlertData",
    "BrokerUnavailable",
    "Counts",
    "Event",
    "Failure",
    "MalformedEvent",
    "Period",
    "Publisher",
    "ReportRequested",
    "ReportRequestedData",
    "RunFinished",
    "RunFinishedData",
    "Shard",
    "SuiteSummary",
    "SummaryReady",
    "SummaryReadyData",
    "TestResult",
    "Totals",
    "WorstTest",
    "derived_id",
    "read_event",
    "read_events",
]
