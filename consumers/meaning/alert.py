"""`runmail.alert`: every firing is a mail of its own, resolved always goes out; one `key` is one conversation."""

from __future__ import annotations

from consumers.contract.events import Alert
from consumers.notice import Notice


def alert(event: Alert) -> Notice:
    """Return the Notice of an alert."""
    return Notice(
        template="alert",
        recipients=tuple(event.data.recipients),
        data=event.data,
        thread_key=f"alert\n{event.data.key}",
        topic_key=f"alert\n{event.data.key}",
        topic=event.data.title,
    )
