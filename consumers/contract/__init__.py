"""What publishers need: the event classes and, with redis installed, the Publisher.

Nothing here imports the rest of runmail, and only building a Publisher imports redis.
"""

from .async_publisher import AsyncPublisher
from .broker_unavailable import BrokerUnavailable
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
from .publisher import Publisher
from .reading import read_event
from .spool import Spool, SpoolUnusable

__all__ = [
    "Alert",
    "AlertData",
    "AsyncPublisher",
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
    "Spool",
    "SpoolUnusable",
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
