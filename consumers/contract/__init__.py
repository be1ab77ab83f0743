"""What publishers need: the event classes and, with redis installed, the Publisher.

Nothing here imports the rest of runmail, and only building a Publisher imports redis.
"""

from .documents import read_events
from .events import (
    Alert,
    AlertData,
    Counts,
    Event,
    Failure,
    FlakyTest,
    Period,
    ReportRequested,
    ReportRequestedData,
    RunFinished,
    RunFinishedData,
    Shard,
    SlowSuite,
    SuiteSummary,
    SummaryReady,
    SummaryReadyData,
    TestResult,
    Totals,
    WorstTest,
)
from .ids import derived_id
from .malformed import MalformedEvent
from .publisher import BrokerUnavailable, Publisher
from .reading import read_event

__all__ = [
    "Alert",
    "AlertData",
    "BrokerUnavailable",
    "Counts",
    "Event",
    "Failure",
    "FlakyTest",
    "MalformedEvent",
    "Period",
    "Publisher",
    "ReportRequested",
    "ReportRequestedData",
    "RunFinished",
    "RunFinishedData",
    "Shard",
    "SlowSuite",
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
