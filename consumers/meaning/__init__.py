"""Consumers: one pure function a type of event, from Event to Notice or to a named reason for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consumers.contract.events import Event
from consumers.meaning.alert import alert
from consumers.meaning.run_finished import run_finished
from consumers.meaning.run_started import run_started
from consumers.meaning.summary_ready import summary_ready
from consumers.notice import Notice, Skip

Consumer = Callable[[Any], Notice | Skip]

#: The consumer of each type. A type without one is quarantined, and can be replayed by a version that has it.
CONSUMERS: dict[str, Consumer] = {
    "runmail.run.finished": run_finished,
    "runmail.run.started": run_started,
    "runmail.summary.ready": summary_ready,
    "runmail.alert": alert,
}


def consumer_of(event: Event) -> Consumer | None:
    """Return the consumer of an event's type, or None."""
    return CONSUMERS.get(event.type)


__all__ = ["CONSUMERS", "Consumer", "consumer_of"]
