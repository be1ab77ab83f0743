"""What publishers need: the event classes and, with redis installed, the Publisher.

Nothing here imports the rest of runmail, and only building a Publisher imports redis. The same files are the
package `runmail_client`, so they name each other relatively and never by an absolute name.

Each name is imported when it is first asked for: pytest loads the plugin in every run, also where it is switched off,
and must not pay for pydantic there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        RunStarted,
        RunStartedData,
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

#: The modules that public names come from.
_MODULES = (
    "events",
    "malformed",
    "reading",
    "documents",
    "ids",
    "broker_unavailable",
    "publisher",
    "async_publisher",
    "spool",
)

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
    "RunStarted",
    "RunStartedData",
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


def __getattr__(name: str) -> Any:
    """Import a public name (PEP 562)."""
    if name in __all__:
        for module in _MODULES:
            found = getattr(import_module(f".{module}", __name__), name, None)
            if found is not None:
                return globals().setdefault(name, found)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
