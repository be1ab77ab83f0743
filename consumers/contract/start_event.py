"""start_event: builds the RunStarted event of a run whose RunFinished `run_event` will build.

Both are given the same statement and CI facts, and so agree on the id of the finish that is waited for.
"""

from __future__ import annotations

from datetime import datetime

from . import run_event
from .ci import CiFacts
from .events import Event, RunStartedData
from .ids import derived_id, started_id
from .malformed import MalformedEvent
from .reading import read_event
from .run_event import Statement, run_facts

TYPE = "runmail.run.started"


def start_event(
    statement: Statement, ci: CiFacts, *, suite: str, deadline_seconds: float, host: str, now: datetime
) -> Event:
    """Build the event; `host` is its source where neither the caller nor a CI system names one.

    The finish that is waited for is `statement.id` where that is stated, else the id that `run_event` derives.
    `started_at` is only what is stated or the CI system says: with the time of this call in it, repeating the
    command would be another event.

    Raises:
        MalformedEvent: when something stated is refused by the contract, and `missing_attribute` of
            `data.run_id` when no id is stated and none can be derived.
    """
    source = statement.source or ci.source or host
    said = {
        **run_facts(statement, ci, suite),
        "started_at": statement.started_at or ci.started_at,
        "finish_id": statement.id or "derived below",
        "deadline_seconds": deadline_seconds,
    }
    envelope = {"specversion": "1.0", "type": TYPE, "source": source, "time": now, "data": said}
    event = read_event({**envelope, "id": "derived below"})
    assert isinstance(event.data, RunStartedData)
    if not statement.id and not event.data.run_id:
        text = "is missing, and without it the run's end cannot be told from others"
        raise MalformedEvent("missing_attribute", text, "data.run_id")
    finish_id = statement.id or derived_id(run_event.TYPE, event.data, attempt=ci.attempt)
    return event.with_data(finish_id=finish_id).model_copy(update={"id": started_id(finish_id)})
