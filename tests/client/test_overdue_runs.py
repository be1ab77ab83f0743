"""Runs that announced an end: looked at when their time has come, told once, on both kinds of database."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, update

from consumers.contract import Event, read_event
from consumers.contract.reading import MalformedEvent
from consumers.ledger.books import read_books
from consumers.ledger.overdue import MOST_RUNS, Looked, tell_overdue
from consumers.ledger.planning import begin_planning
from consumers.ledger.recording import RecordOutcome, arrival, quarantine, record_events, reject_of
from consumers.ledger.states import EventState
from consumers.ledger.tables import awaited_runs, events
from tests.mails.conftest import example
from tests.rig.spine import run_finished

NOW = 1_700_000_000_000
#: The deadline of the starts here, in milliseconds.
DEADLINE = 60_000
LATE = NOW + DEADLINE


def start(number: int = 1, **more: Any) -> Event:
    """A start that waits for the finish `run-<number>`."""
    return read_event(
        {
            "specversion": "1.0",
            "type": "runmail.run.started",
            "id": f"run-{number}/started",
            "source": "ci.example.com/checkout-api",
            "data": {
                "profile": "QA alerts",
                "suite": "checkout-api",
                "finish_id": f"run-{number}",
                "deadline_seconds": DEADLINE / 1000,
                **more,
            },
        }
    )


def accept(engine: Engine, *accepted: Event, now: int = NOW) -> list[RecordOutcome]:
    """Record events in one group."""
    arrivals = [arrival(event, event.to_json(), published_at=None, now=now) for event in accepted]
    with engine.begin() as connection:
        return [each.outcome for each in record_events(connection, arrivals)]


def finish(number: int = 1, **more: Any) -> Event:
    return read_event(run_finished(f"run-{number}", **more))


def look(engine: Engine, now: int = LATE) -> Looked:
    with engine.begin() as connection:
        return tell_overdue(connection, due_before=now, now=now)


def stated(engine: Engine) -> list[str]:
    """Return the ids of the finishes that were stated for runs, in order."""
    with engine.connect() as connection:
        rows = connection.execute(select(events.c.event_id).order_by(events.c.id)).scalars()
        return [each for each in rows if each and each.endswith("/overdue")]


def awaited(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(awaited_runs.c.event_row)).all())


def test_a_run_that_reports_no_end_is_told_at_its_deadline_and_not_before(engine: Engine) -> None:
    accept(engine, start())

    assert look(engine, LATE - 1) == Looked()
    assert len(look(engine).stated) == 1
    assert look(engine, LATE + 1) == Looked()
    assert stated(engine) == ["run-1/overdue"]
    assert awaited(engine) == 0


def test_a_run_that_reports_its_end_in_time_is_not_told_and_its_timer_goes(engine: Engine) -> None:
    accept(engine, start())
    accept(engine, finish(), now=LATE - 1)

    assert look(engine) == Looked()
    assert (stated(engine), awaited(engine)) == ([], 0)


def test_it_does_not_matter_which_of_the_two_events_comes_first(engine: Engine) -> None:
    accept(engine, finish(1))
    accept(engine, start(1))
    accept(engine, finish(2), start(2))

    assert look(engine) == Looked()


def test_a_repeated_start_is_one_timer_and_another_start_for_the_same_run_tells_it_once(engine: Engine) -> None:
    assert accept(engine, start()) == [RecordOutcome.NEW]
    assert accept(engine, start(), start()) == [RecordOutcome.REPEAT] * 2
    assert awaited(engine) == 1
    other = start(deadline_seconds=120).model_copy(update={"id": "by hand"})
    same = start().model_copy(update={"id": "by hand too"})
    accept(engine, other, same)

    assert len(look(engine).stated) == 1
    assert look(engine, LATE * 2) == Looked()
    assert (stated(engine), awaited(engine)) == (["run-1/overdue"], 0)


def test_the_same_id_of_another_source_is_another_run(engine: Engine) -> None:
    accept(engine, start(), finish().model_copy(update={"source": "elsewhere"}))

    assert len(look(engine).stated) == 1


def test_a_late_end_is_accepted_beside_the_one_that_was_stated(engine: Engine) -> None:
    accept(engine, start())
    look(engine)

    assert accept(engine, finish()) == [RecordOutcome.NEW]
    with engine.connect() as connection:
        assert read_books(connection).balanced


def test_an_end_that_was_accepted_and_cannot_be_planned_counts_as_reported(engine: Engine) -> None:
    accept(engine, start(), finish(profile="gone"))
    with engine.begin() as connection:
        gone = events.c.profile == "gone"
        values = {"state": EventState.QUARANTINED, "reason": "unknown_profile"}
        connection.execute(update(events).where(gone).values(**values))

    assert look(engine) == Looked()


def test_an_end_that_is_no_event_does_not_keep_people_from_being_told(engine: Engine) -> None:
    accept(engine, start())
    broken = run_finished(outcome="fine")
    with pytest.raises(MalformedEvent) as refused:
        read_event(broken)
    with engine.begin() as connection:
        quarantine(connection, [reject_of(broken, refused.value, NOW)])

    assert len(look(engine).stated) == 1


def test_a_start_that_was_moved_out_leaves_no_timer(engine: Engine) -> None:
    accept(engine, start())
    with engine.begin() as connection:
        connection.execute(delete(events))

    assert look(engine) == Looked()
    assert awaited(engine) == 0


def test_a_start_that_this_version_cannot_read_is_named_and_keeps_no_other_from_being_told(engine: Engine) -> None:
    accept(engine, start(1), start(2))
    with engine.begin() as connection:
        connection.execute(update(events).where(events.c.event_id == "run-1/started").values(body=b'{"type":"new"}'))

    looked = look(engine)

    assert (len(looked.unreadable), stated(engine), awaited(engine)) == (1, ["run-2/overdue"], 0)


def test_a_stated_end_can_be_planned_at_once_by_any_worker(engine: Engine) -> None:
    accept(engine, start())
    (row,) = look(engine).stated

    with engine.begin() as connection:
        (body,) = begin_planning(connection, [row], 30)
    assert body is not None
    assert b'"overdue_after_seconds":60.0' in body


def test_many_runs_are_told_in_several_looks(engine: Engine) -> None:
    accept(engine, *(start(number) for number in range(MOST_RUNS + 1)))

    assert [len(look(engine).stated) for _ in range(3)] == [MOST_RUNS, 1, 0]


def test_several_clocks_at_once_tell_each_run_once(engine: Engine) -> None:
    accept(engine, *(start(number) for number in range(50)))
    ready = threading.Barrier(4)
    told: list[int] = []

    def clock() -> None:
        ready.wait()
        told.extend(look(engine).stated)

    threads = [threading.Thread(target=clock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == len(set(told)) == 50
    assert len(stated(engine)) == len(set(stated(engine))) == 50
    assert awaited(engine) == 0


def test_the_shipped_start_is_awaited_for_the_shipped_finish(engine: Engine) -> None:
    accept(engine, example("run-started"))
    accept(engine, example("run-finished"))

    assert look(engine, NOW + 5_400_000) == Looked()
    assert stated(engine) == []
