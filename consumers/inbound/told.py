"""Told: what the mail that is answered was about, as far as answers and their events need it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from consumers.contract.events import AlertData, Event, RunFinishedData
from consumers.contract.reading import MalformedEvent, read_event, read_json
from consumers.ledger.scopes import SEVERITIES
from consumers.meaning import consumer_of
from consumers.notice import Notice

#: Failed tests that an event about a command names; the count says how many there were.
MAX_FAILED_TESTS = 200
#: Names of the event's data that its receivers get again.
NAMES = ("suite", "branch", "commit", "environment", "run_id", "outcome", "key", "url")


@dataclass(frozen=True, slots=True)
class Told:
    """What was mailed: the profile that the event names, what it is about, and what may be asked in answer.

    `about` is the event in short, as a document. `severity` is the rank of an alert and None for anything else;
    `run` says whether it was a finished run.
    """

    profile: str
    about: dict[str, Any]
    thread_key: str
    topic_key: str
    topic: str
    severity: int | None
    run: bool
    failed_tests: tuple[str, ...]
    failed_total: int


def told_by(body: bytes) -> Told | None:
    """Return what an event told; None for one that this version sends no mail for."""
    try:
        event = read_event(read_json(body))
    except MalformedEvent:
        return None
    consumer = consumer_of(event)
    notice = consumer(event) if consumer else None
    if not isinstance(notice, Notice):
        return None
    data = event.data
    failed = failed_tests(data) if isinstance(data, RunFinishedData) else ()
    stated = data.counts.failed + data.counts.errors if isinstance(data, RunFinishedData) else 0
    return Told(
        profile=data.profile,
        about=about(event),
        thread_key=notice.thread_key,
        topic_key=notice.topic_key,
        topic=notice.topic,
        severity=SEVERITIES[data.severity] if isinstance(data, AlertData) else None,
        run=isinstance(data, RunFinishedData),
        failed_tests=failed[:MAX_FAILED_TESTS],
        failed_total=max(stated, len(failed)),
    )


def about(event: Event) -> dict[str, Any]:
    """Return an event in short, without what is absent."""
    data = event.data.model_dump(mode="json", include={*NAMES, "labels"}, exclude_none=True)
    named = {name: data[name] for name in (*NAMES, "labels") if data.get(name)}
    return {"source": event.source, "id": event.id, "type": event.type, **named}


def failed_tests(data: RunFinishedData) -> tuple[str, ...]:
    """Return the names of the tests that failed, each once, in the order in which they were told."""
    compact = [test.name for test in data.tests if test.outcome in ("failed", "error")]
    return tuple(dict.fromkeys([*(failure.name for failure in data.failures), *compact]))
