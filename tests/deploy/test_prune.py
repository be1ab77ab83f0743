"""`prune` takes what is finished and old, leaves what waits, and never half of an event."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, insert, select, update

from consumers.ledger import pruning
from consumers.ledger.books import read_books
from consumers.ledger.pruning import HANGING, STEP_EVENTS, Finished
from consumers.ledger.states import EventState
from consumers.ledger.tables import attempts, deliveries, events
from tests.deploy.conftest import wait_until
from tests.rig.spine import Spine, run_finished
from worker.database import make_engine
from worker.ground import now_milliseconds
from worker.migrate import migrate
from worker.prune import count, prune

DAY = 86_400_000
NOW = 1_700_000_000_000
LIMIT = NOW - 90 * DAY
OLD, YOUNG = LIMIT - 1, LIMIT


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = make_engine(database)
    migrate(engine)
    yield engine
    engine.dispose()


def keep(
    engine: Engine,
    *states: str,
    event: str = EventState.PLANNED,
    recorded: int = OLD,
    updated: int = OLD,
    times: int = 1,
) -> int:
    """Keep events with deliveries in these states and one attempt each; return the row of the last."""
    fields = {"body": b"{}", "body_size": 2, "body_sha256": "x", "starts": 0, "state": event}
    kept = {"recipient": "a@example.com", "profile_id": 1, "profile": "QA", "fence": 1, "at_data": False, "starts": 0}
    moments = {"created_at": recorded, "updated_at": updated, "attempts": 1, "maybe_twice": False}
    tried = {"fence": 1, "profile_id": 1, "outcome": "taken", "started_at": recorded}
    with engine.begin() as connection:

        def add(table: Table, values: list[dict[str, Any]]) -> list[int]:
            statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
            return list(connection.execute(statement, values).scalars()) if values else []

        rows = add(events, [{**fields, "recorded_at": recorded, "updated_at": recorded}] * times)
        added = add(
            deliveries,
            [
                {**kept, **moments, "event_row": row, "recipient_key": str(number), "state": state}
                for row in rows
                for number, state in enumerate(states)
            ],
        )
        if added:
            connection.execute(insert(attempts), [{**tried, "delivery_id": each} for each in added])
    return rows[-1]


def sizes(engine: Engine) -> tuple[int, int, int]:
    with engine.connect() as connection:
        assert read_books(connection).problems == ()
        counted = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (events, deliveries, attempts)
        ]
    return counted[0], counted[1], counted[2]


def left(engine: Engine) -> set[int]:
    with engine.connect() as connection:
        return set(connection.execute(select(events.c.id)).scalars())


def run(engine: Engine, *, quarantined: bool = False) -> dict[str, int]:
    finished = Finished(LIMIT, quarantined)
    counted = count(engine, finished)
    steps = list(prune(engine, finished, sleep=lambda _: None))
    assert some(counted) == (some(steps[-1]) if steps else {})
    return some(counted)


def some(counts: dict[str, int]) -> dict[str, int]:
    """Return the tables of which there is anything."""
    return {name: number for name, number in counts.items() if number}


#: Event state, delivery states, and what of it is not old: everything else was changed a millisecond before the limit.
GOES = [
    ("planned", ("sent",)),
    ("planned", ("sent", "failed", "suppressed")),
    # An event without mail, such as a summary of nothing.
    ("skipped", ()),
]
STAYS: list[tuple[str, tuple[str, ...], dict[str, int]]] = [
    # Something of it waits.
    ("planned", ("sent", "pending"), {}),
    ("planned", ("sending",), {}),
    ("planned", ("deferred",), {}),
    # A person has to decide.
    ("planned", ("sent", "held"), {}),
    ("planned", ("uncertain",), {}),
    # Nobody planned it yet.
    ("accepted", (), {}),
    # It is young, or changed lately: sent after weeks of being held, for example.
    ("planned", ("sent",), {"recorded": YOUNG, "updated": YOUNG}),
    ("planned", ("sent",), {"updated": YOUNG}),
    ("skipped", (), {"recorded": YOUNG}),
]
#: What goes only when it is asked for.
QUARANTINED = [("quarantined", ()), ("planned", ("sent", "quarantined"))]


def test_what_is_finished_and_old_goes_with_all_that_hangs_on_it_and_nothing_else(engine: Engine) -> None:
    going = [keep(engine, *states, event=event) for event, states in GOES]
    waiting = {keep(engine, *states, event=event, **times): (event, states) for event, states, times in STAYS}
    mendable = [keep(engine, *states, event=event) for event, states in QUARANTINED]

    assert run(engine) == {"event": len(going), "delivery": 4, "attempt": 4}
    assert left(engine) == {*waiting, *mendable}, waiting
    assert run(engine, quarantined=True) == {"event": len(mendable), "delivery": 2, "attempt": 2}
    assert left(engine) == {*waiting}, waiting
    sizes(engine)


def test_many_go_in_steps_and_their_young_neighbours_stay(engine: Engine) -> None:
    keep(engine, "sent", times=STEP_EVENTS + 5)
    keep(engine, "held", times=5)
    keep(engine, "sent", recorded=YOUNG, updated=YOUNG, times=3)

    steps = [gone["event"] for gone in prune(engine, Finished(LIMIT), sleep=lambda _: None)]

    assert steps == [STEP_EVENTS, STEP_EVENTS + 5]
    assert sizes(engine) == (8, 8, 8)


def test_workers_get_most_of_the_time(engine: Engine) -> None:
    keep(engine, "sent", times=STEP_EVENTS + 1)
    slept: list[float] = []
    list(prune(engine, Finished(LIMIT), sleep=slept.append))

    assert len(slept) == 1
    assert slept[0] > 0


def test_what_a_person_tries_again_meanwhile_stays(engine: Engine) -> None:
    row = keep(engine, "failed")
    other = keep(engine, "sent")
    with engine.connect() as connection:
        found = pruning.find(connection, Finished(LIMIT), 0, other)
        delivery = connection.execute(select(deliveries.c.id).where(deliveries.c.event_row == row)).scalar_one()
    assert found.rows == (row, other)
    with engine.begin() as connection:
        change = {"state": "pending", "due_at": NOW, "updated_at": NOW}
        connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(**change))

    with engine.begin() as connection:
        gone = pruning.remove(connection, Finished(LIMIT), found.rows)

    assert some(gone) == {"attempt": 1, "delivery": 1, "event": 1}
    assert sizes(engine) == (1, 1, 1)


def test_the_border_is_found_by_halving(engine: Engine) -> None:
    for recorded in range(7):
        keep(engine, "sent", recorded=recorded)
    with engine.begin() as connection:
        assert [pruning.last_row_before(connection, moment) for moment in range(9)] == [0, 1, 2, 3, 4, 5, 6, 7, 7]


def test_every_table_that_points_at_the_ledger_is_pruned_with_it() -> None:
    hanging = {(each.table.name, each.column) for each in HANGING}
    for table in events.metadata.tables.values():
        for key in table.foreign_keys:
            if key.column.table in (events, deliveries):
                assert (table.name, key.parent.name) in hanging, f"add {table.name} to HANGING"
    order = [each.table for each in HANGING]
    for each in HANGING:
        assert each.parent is events or order.index(each.parent) > order.index(each.table)


def grow_old(spine: Spine) -> None:
    with spine.ground.engine.begin() as connection:
        old = now_milliseconds() - 100 * DAY
        connection.execute(update(events).values(recorded_at=old, updated_at=old))
        connection.execute(update(deliveries).values(created_at=old, updated_at=old))


def test_the_archive_holds_what_was_deleted(spine: Spine, database: str, tmp_path: Path) -> None:
    spine.profile()
    spine.work()
    spine.publish(run_finished("run-1", "a@example.com", "b@example.com"))
    spine.settled(sent=2)
    with spine.ground.engine.connect() as connection:
        body = connection.execute(select(events.c.body)).scalar_one()
    grow_old(spine)
    file = tmp_path / "pruned.jsonl.gz"
    words = ("prune", "--older-than", "90d", "--archive", str(file), "--json")

    counts = {"events": 1, "deliveries": 2, "attempts": 2, "outgoing_events": 0}
    dry = spine.run(*words, "--dry-run")
    assert json.loads(dry.stdout) == {"dry_run": True, **counts, "archive": None}
    assert not file.exists()
    assert json.loads(spine.run(*words).stdout) == {"dry_run": False, **counts, "archive": str(file)}

    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert [line["table"] for line in lines] == ["event", "run", "delivery", "delivery", "attempt", "attempt"]
    assert base64.b64decode(lines[0]["row"]["body"]) == body
    assert spine.deliveries() == []
    # The horizon: what was forgotten is new again.
    spine.publish(run_finished("run-1", "a@example.com", "b@example.com"))
    spine.settled(sent=2)
    assert len(spine.server.transactions) == 4


def test_killed_at_any_moment_it_leaves_whole_events_and_an_archive_of_what_went(
    engine: Engine, database: str, tmp_path: Path
) -> None:
    keep(engine, "sent", "failed", times=5 * STEP_EVENTS)
    file = tmp_path / "pruned.jsonl"
    program = (
        "import sys; from pathlib import Path; from worker.database import make_engine;"
        "from worker.prune import archive_file, prune; from consumers.ledger.pruning import Finished\n"
        "with archive_file(Path(sys.argv[2])) as archive:\n"
        "    for gone in prune(make_engine(sys.argv[1]), Finished(int(sys.argv[3])), archive):\n"
        "        print(gone, flush=True)"
    )
    kills = 0
    for delay in (0.0, 0.004, 0.012):
        process = subprocess.Popen(
            [sys.executable, "-c", program, database, str(file), str(LIMIT)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        # Not a wait: the moment of the kill, somewhere in the next step, is what varies.
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(delay + 0.001)
        process.kill()
        kills += process.wait() == -9
        left, *rest = sizes(engine)
        assert rest == [2 * left, 2 * left]
    assert kills == 3
    for _ in prune(engine, Finished(LIMIT), sleep=lambda _: None):
        pass
    assert sizes(engine) == (0, 0, 0)
    archived: dict[str, set[Any]] = defaultdict(set)
    for line in file.read_text().splitlines():
        found = json.loads(line)
        archived[found["table"]].add(found["row"].get("id", found["row"].get("delivery_id")))
    # What the killed steps deleted is in the archive: three whole steps at least.
    assert len(archived["event"]) >= 3 * STEP_EVENTS
    assert len(archived["delivery"]) == 2 * len(archived["event"]) == len(archived["attempt"])


def test_mail_goes_on_while_pruning(spine: Spine, database: str) -> None:
    spine.profile()
    keep(spine.ground.engine, "sent", times=4 * STEP_EVENTS)
    spine.work()
    pruning_command = spine.start("prune", "--older-than", "90d")
    spine.publish(*(run_finished(f"run-{number}") for number in range(30)))

    spine.settled(sent=30)
    assert pruning_command.wait(60) == 0
    wait_until(lambda: sizes(spine.ground.engine)[0] == 30)


@pytest.mark.parametrize("age", ["90", "0d", "١d"])
def test_an_age_that_is_none_is_refused(spine: Spine, age: str) -> None:
    done = spine.run("prune", "--older-than", age)

    assert done.returncode == 2
    assert done.stderr == "runmail: --older-than takes whole days or weeks such as 90d or 26w, and at least 1d\n"


def test_an_archive_that_cannot_be_written_stops_the_deleting(spine: Spine) -> None:
    keep(spine.ground.engine, "sent")
    done = spine.run("prune", "--older-than", "90d", "--archive", "/dev/full")

    assert done.returncode == 1
    assert done.stderr == "runmail: /dev/full cannot be written (No space left on device): 0 events were pruned\n"
    assert sizes(spine.ground.engine) == (1, 1, 1)
