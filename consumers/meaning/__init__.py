"""Consumers: one pure function a type of event, from Event to Notice, to a named reason for none, or to a Question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consumers.contract.events import Event
from consumers.meaning.alert import alert
from consumers.meaning.answer_due import answer_due
from consumers.meaning.report_requested import report_requested
from consumers.meaning.run_finished import run_finished
from consumers.meaning.run_started import run_started
from consumers.meaning.summary_ready import summary_ready
from consumers.notice import Notice, Question, Skip
from consumers.own_events import ANSWER_DUE

Consumer = Callable[[Any], Notice | Skip | Question]

#: The consumer of each type. A type without one is quarantined, and can be replayed by a version that has it.
CONSUMERS: dict[str, Consumer] = {
    "runmail.run.finished": run_finished,
    "runmail.run.started": run_started,
    "runmail.summary.ready": summary_ready,
    "runmail.alert": alert,
    "runmail.report.requested": report_requested,
    ANSWER_DUE: answer_due,
}


def consumer_of(event: Event) -> Consumer | None:
    """Return the consumer of an event's type, or None."""
    return CONSUMERS.get(event.type)


__all__ = ["CONSUMERS", "Consumer", "consumer_of"]
