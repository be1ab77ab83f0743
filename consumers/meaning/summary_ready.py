"""`runmail.summary.ready`: every summary is told; summaries of one title are one conversation."""

from __future__ import annotations

from consumers.contract.events import SummaryReady
from consumers.notice import Notice


def summary_ready(event: SummaryReady) -> Notice:
    """Return the Notice of a summary."""
    return Notice(
        template="summary_ready",
        recipients=tuple(event.data.recipients),
        data=event.data,
        thread_key=f"summary\n{event.data.title}",
        topic_key=f"summary\n{event.data.title}",
        topic=event.data.title,
    )
