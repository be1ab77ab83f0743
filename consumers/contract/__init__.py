"""What publishers need: the event classes and, with redis installed, the Publisher.

Nothing here imports the rest of runmail.
"""

from consumers.contract.events import Alert, Event, ReportRequested, RunFinished, SummaryReady

__all__ = ["Alert", "Event", "ReportRequested", "RunFinished", "SummaryReady"]
