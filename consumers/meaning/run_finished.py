"""`runmail.run.finished`: every finished run is told; runs of one suite and branch are one conversation."""

from __future__ import annotations

from consumers.contract.events import RunFinished
from consumers.notice import Notice


def run_finished(event: RunFinished) -> Notice:
    """Return the Notice of a finished run. A shard is a mail of its own and says which part it is."""
    return Notice(
        template="run_finished",
        recipients=tuple(event.data.recipients),
        data=event.data,
        thread_key=f"run\n{event.data.suite}\n{event.data.branch or ''}",
        topic_key=f"suite\n{event.data.suite}",
        topic=event.data.suite,
    )
