"""Tell of runs that began and did not report their end in time: a finish is stated in their place.

What became of a run is asked when its time has come, of the events that were accepted. Several clocks may look at
once: each run is looked at by one, and its finish has one id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, delete, select, tuple_

from consumers.contract import MalformedEvent, RunStarted, read_event
from consumers.contract.ids import overdue_id
from consumers.contract.reading import read_json
from consumers.ledger.recording import Arrival, arrival, record_events
from consumers.ledger.states import EventState
from consumers.ledger.tables import awaited_runs, events
from consumers.meaning.run_started import overdue_finish

#: Runs of one look; the rest follows in the next.
MOST_RUNS = 200

_DUE = (
    select(awaited_runs.c.event_row, awaited_runs.c.source, awaited_runs.c.finish_id, events.c.body)
    .outerjoin_from(awaited_runs, events, events.c.id == awaited_runs.c.event_row)
    .where(awaited_runs.c.due_at <= bindparam("due_before"))
    .order_by(awaited_runs.c.due_at, awaited_runs.c.event_row)
    .limit(MOST_RUNS)
    .with_for_update(of=awaited_runs, skip_locked=True)
)
_AMONG = tuple_(events.c.source, events.c.event_id).in_(bindparam("pairs", expanding=True))
#: Of events outside quarantine, and of those that were accepted and could not be planned (only an accepted event has
#: a fingerprint): that run did report its end, and its mail waits for a person already.
_ACCEPTED = select(events.c.source, events.c.event_id).where(_AMONG, events.c.state != EventState.QUARANTINED.value)
_UNPLANNABLE = select(events.c.source, events.c.event_id).where(
    _AMONG, events.c.state == EventState.QUARANTINED.value, events.c.fingerprint.is_not(None)
)

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to: rows of the finishes that were stated, and of starts that can no longer be read."""

    stated: tuple[int, ...] = ()
    unreadable: tuple[int, ...] = ()


def tell_overdue(connection: Connection, *, due_before: int, now: int) -> Looked:
    """State a finish for each run whose time came at `due_before` or earlier and that reported none.

    1. Take the timers, those that another clock is looking at left out.
    2. Drop those whose finish was accepted, and those whose run was told before by another start.
    3. Record the finishes of the others as events that anyone may plan at once.

    Raises:
        sqlalchemy.exc.IntegrityError: when a publisher stated the same finish in the same moment; look again.
    """
    due = connection.execute(_DUE, {"due_before": due_before}).all()
    if not due:
        return Looked()
    known = _known(connection, {(row.source, row.finish_id) for row in due})
    # Two starts may wait for one finish; it is told once.
    finishes: dict[Pair, Arrival] = {}
    unreadable = []
    for row in due:
        if row.body is None or known & _ends(row.source, row.finish_id):
            continue
        try:
            finish = _finish(row.body, now)
        except MalformedEvent:
            unreadable.append(row.event_row)
        else:
            finishes.setdefault(finish.event.identity, finish)
    stated = [item.row_id for item in record_events(connection, list(finishes.values()))]
    connection.execute(delete(awaited_runs).where(awaited_runs.c.event_row.in_([row.event_row for row in due])))
    return Looked(tuple(stated), tuple(unreadable))


def _finish(body: bytes, now: int) -> Arrival:
    """Return the finish that is stated in place of the one that a start announced."""
    started = read_event(read_json(body))
    assert isinstance(started, RunStarted)
    finish = overdue_finish(started, datetime.fromtimestamp(now / 1000, UTC))
    return arrival(finish, finish.to_json(), published_at=None, now=now)


def _ends(source: str, finish_id: str) -> set[Pair]:
    """Return what makes an end known: the finish itself, or what was stated in its place."""
    return {(source, finish_id), (source, overdue_id(finish_id))}


def _known(connection: Connection, awaited: set[Pair]) -> set[Pair]:
    """Return which of the ends of the awaited runs are events."""
    wanted = {end for pair in awaited for end in _ends(*pair)}
    known = {(row.source, row.event_id) for row in connection.execute(_ACCEPTED, {"pairs": sorted(wanted)})}
    missing = {pair for pair in awaited if not known & _ends(*pair)}
    if missing:
        # Quarantine has no index by identity, so it is asked only about runs that nothing is known of.
        rows = connection.execute(_UNPLANNABLE, {"pairs": sorted(missing)})
        known |= {(row.source, row.event_id) for row in rows}
    return known
