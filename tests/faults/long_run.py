"""The long fault run, step by step: `python3 -m worker test --faults`.

Each step is done in less than ten minutes on two cores, and what is done is not done again: ended and started anew,
the run goes on with the next step. Everything is decided by the seed that is printed, except when a process dies.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults import canary, naive
from tests.faults.crowds import flood, rolling_restarts, several_clocks
from tests.faults.exim_run import kill_beside_exim, note_taken
from tests.faults.figures import table
from tests.faults.full_disk import fill_while_working
from tests.faults.hostile import inject
from tests.faults.kills import EVERYWHERE, Killing, one_of_each
from tests.faults.lost_answers import lose_answers
from tests.faults.outages import outages, postgresql_crashed, redis_emptied, redis_killed, redis_paused, sqlite_locked
from tests.faults.smtp_faults import Expected, misbehave, refuse_some
from tests.faults.system import System
from tests.rig.authority import Authority
from tests.rig.exim import start_exim
from tests.rig.mail_home import MailHome
from tests.rig.postgresql import PostgreSql
from tests.rig.small_disk import may_mount, small_disk
from tests.rig.waiting import wait_until

#: Kills of one step: each place comes at least twice.
KILLS = 5 * len(EVERYWHERE) // 2
RANDOM_KILLS = 60
EXIM_KILLS = 30
HOSTILE_EVENTS = 100_000


def kills_on_sqlite(folder: Path, seed: int) -> Iterator[object]:
    """Kill at every place, on SQLite."""
    with running(folder) as system:
        Killing(system, seed).kill_at(one_of_each(KILLS, seed))
        yield system.rest("kills on SQLite")


def more_kills_on_sqlite(folder: Path, seed: int) -> Iterator[object]:
    """The same in another order."""
    with running(folder) as system:
        Killing(system, seed + 1).kill_at(one_of_each(KILLS, seed + 1))
        yield system.rest("more kills on SQLite")


def kills_on_postgresql(folder: Path, seed: int) -> Iterator[object]:
    """Kill at every place, on PostgreSQL."""
    with running_on_postgresql(folder) as (system, _):
        Killing(system, seed).kill_at(one_of_each(KILLS, seed))
        yield system.rest("kills on PostgreSQL")


def more_kills_on_postgresql(folder: Path, seed: int) -> Iterator[object]:
    """The same in another order."""
    with running_on_postgresql(folder) as (system, _):
        Killing(system, seed + 1).kill_at(one_of_each(KILLS, seed + 1))
        yield system.rest("more kills on PostgreSQL")


def kills_by_chance(folder: Path, seed: int) -> Iterator[object]:
    """Kill at moments of chance, on both databases and beside Exim."""
    with running(folder / "sqlite") as system:
        Killing(system, seed).kill_at_random(RANDOM_KILLS)
        yield system.rest("random kills on SQLite")
    with running_on_postgresql(folder / "postgresql") as (system, _):
        Killing(system, seed).kill_at_random(RANDOM_KILLS)
        yield system.rest("random kills on PostgreSQL")
    home = MailHome.make(Authority(folder / "authority", "Rig authority"))
    exim, program = start_exim(home)
    try:
        with running(folder / "exim") as system:
            kill_beside_exim(system, exim, EXIM_KILLS, seed)
            seconds = system.drain()

            def delivered() -> bool:
                note_taken(exim, system.sink.log)
                return system.count("", 0).good

            wait_until(delivered)
            yield system.count("random kills beside Exim", seconds)
            assert canary.search(system.artefacts()) == []
    finally:
        program.stop()
        home.remove()


def things_taken_away(folder: Path, seed: int) -> Iterator[object]:
    """Take Redis, the database and the disk away."""
    for outage in (redis_killed, redis_paused, redis_emptied, sqlite_locked):
        with running(folder / outage.__name__) as system:
            outages(system, outage(system), times=6, seconds=2.0, seed=seed)
            yield system.rest(outage.__name__.replace("_", " "))
    with running_on_postgresql(folder / "postgresql") as (system, server):
        outages(system, postgresql_crashed(server), times=6, seconds=2.0, seed=seed)
        yield system.rest("postgresql crashed")
    with running_on_postgresql(folder / "answers") as (system, server):
        yield lose_answers(system, server.port, batches=60)
    if may_mount():
        with (
            small_disk(folder / "disk") as disk,
            running(folder / "full", database_url=f"sqlite:///{disk / 'runmail.sqlite3'}") as system,
        ):
            fill_while_working(system, disk, times=3)
            yield system.rest("a full disk")
    else:
        yield "a full disk: left out, because only root may mount a small one"


def servers_that_misbehave(folder: Path, seed: int) -> Iterator[object]:
    """Every SMTP fault at every verb, on both databases."""
    for name, make in (("SQLite", running), ("PostgreSQL", running_on_postgresql)):
        with make(folder / name) as made:
            system = made if isinstance(made, System) else made[0]
            expected = misbehave(system)
            refuse_some(system)
            system.worker()
            system.clock()
            tally = system.rest(f"SMTP faults on {name}")
            rows = [row for row in system.deliveries() if row["profile"] != "some"]
            found = {row["profile"]: Expected(row["state"], row["maybe_twice"]) for row in rows}
            assert found == expected, str({key: found[key] for key in found if found[key] != expected.get(key)})
            yield tally


def crowds(folder: Path, seed: int) -> Iterator[object]:
    """Two and five clocks, twenty restarts, ten thousand alerts in ten seconds."""
    for clocks in (2, 5):
        with running(folder / f"{clocks}-clocks") as system:
            several_clocks(system, clocks, deaths=10, seed=seed)
            yield system.rest(f"{clocks} clocks")
    for name, make in (("SQLite", running), ("PostgreSQL", running_on_postgresql)):
        with make(folder / name) as made:
            system = made if isinstance(made, System) else made[0]
            rolling_restarts(system, times=20)
            tally = system.rest(f"20 rolling restarts on {name}")
            assert (tally.lost, tally.duplicated, tally.maybe_twice) == (0, 0, 0), str(tally)
            yield tally
    with running(folder / "flood") as system:
        seconds = flood(system, events=10_000, seconds=10.0)
        yield f"10,000 alerts published in {seconds:.1f} s"
        tally = system.rest("10,000 alerts", seconds=480)
        assert (tally.taken, tally.maybe_twice) == (10_000, 0), str(tally)
        yield tally


def naive_orders(folder: Path, seed: int) -> Iterator[object]:
    """The three naive orders of work, and ours, under the same kills."""
    for order in naive.ORDERS:
        yield naive.run(order, folder / order, seed=seed)
    with running(folder / "runmail") as system:
        yield naive.run_ours(system, seed=seed)


def hostile_events(folder: Path, seed: int) -> Iterator[object]:
    """A hundred thousand hostile events."""
    found = inject(seed, HOSTILE_EVENTS)
    assert found.total == 0, str(found)
    yield found


Step = Callable[[Path, int], Iterator[object]]
STEPS: tuple[Step, ...] = (
    kills_on_sqlite,
    more_kills_on_sqlite,
    kills_on_postgresql,
    more_kills_on_postgresql,
    kills_by_chance,
    things_taken_away,
    servers_that_misbehave,
    crowds,
    naive_orders,
    hostile_events,
)


@contextmanager
def running(folder: Path, **options: str) -> Iterator[System]:
    """Make a system and end it."""
    system = System(folder, **options)
    try:
        yield system
    finally:
        system.end()


@contextmanager
def running_on_postgresql(folder: Path) -> Iterator[tuple[System, PostgreSql]]:
    """Make a PostgreSQL and a system on it."""
    server = PostgreSql()
    server.start()
    try:
        with running(folder, database_url=server.make("faults")) as system:
            yield system, server
    finally:
        server.stop()


class Book:
    """What is done and what came of it, in a file that survives the end of the run."""

    def __init__(self, path: Path, seed: int | None) -> None:
        self._path = path
        kept = json.loads(path.read_text()) if path.exists() else {}
        if seed is not None and seed != kept.get("seed"):
            kept = {}
        self.seed: int = kept.get("seed", seed if seed is not None else secrets.randbelow(10**6))
        self.done: dict[str, dict[str, Any]] = kept.get("done", {})
        self._write()

    def note(self, step: str, lines: list[str], seconds: float) -> None:
        """Note that a step is done."""
        self.done[step] = {"lines": lines, "seconds": round(seconds, 1)}
        self._write()

    def _write(self) -> None:
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps({"seed": self.seed, "done": self.done}, indent=2))
        draft.replace(self._path)


def main(steps: Sequence[Step] = STEPS, arguments: Sequence[str] | None = None) -> int:
    """Do the steps that are not done; 0 when all are good."""
    names = [step.__name__.replace("_", "-") for step in steps]
    parser = argparse.ArgumentParser(prog="worker test --faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="where what is done is kept")
    parser.add_argument("--step", choices=names, help="do this step alone, even if it is done")
    parser.add_argument("--seed", type=int, help="another seed begins anew")
    parser.add_argument("--again", action="store_true", help="forget what is done")
    parser.add_argument("--figures", action="store_true", help="print what is done as the table of docs/guarantees.md")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / "long-run.json"
    if options.again:
        path.unlink(missing_ok=True)
    book = Book(path, options.seed)
    if options.figures:
        print(table(line for done in book.done.values() for line in done["lines"]))
        return 0
    print(f"seed {book.seed}; what is done is kept in {path}", flush=True)
    for name, step in zip(names, steps, strict=True):
        if options.step not in (None, name) or (options.step is None and name in book.done):
            continue
        print(f"== {name} ({names.index(name) + 1} of {len(names)}): {(step.__doc__ or '').strip()}", flush=True)
        if not do(name, step, book, options.folder):
            return 1
    left = [name for name in names if name not in book.done]
    print(f"{len(left)} steps left: {', '.join(left)}" if left else summary(book), flush=True)
    return 0


def do(name: str, step: Step, book: Book, within: Path) -> bool:
    """Do one step in a folder of its own, which stays only if something is wrong."""
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=within))
    lines, began = [], time.monotonic()
    try:
        for said in step(folder, book.seed):
            lines.append(str(said))
            print(said, flush=True)
    except AssertionError as error:
        print(f"WRONG in {name}, seed {book.seed}: {error}\nlogs and data: {folder}", flush=True)
        return False
    shutil.rmtree(folder, ignore_errors=True)
    book.note(name, lines, time.monotonic() - began)
    return True


def summary(book: Book) -> str:
    """Return all lines of a finished run."""
    lines = [line for done in book.done.values() for line in done["lines"]]
    ours = [line for line in lines if "published=" in line]  # the naive orders have kills of their own
    kills = sum(int(word[6:]) for line in ours for word in line.split() if word.startswith("kills="))
    searched = f"planted secrets found in the logs, Redis, databases and process lists of {len(ours)} runs: 0"
    minutes = sum(done["seconds"] for done in book.done.values()) / 60
    return "\n".join(
        ["== all steps are done", *lines, searched, f"{kills} kills in {minutes:.0f} minutes, seed {book.seed}"]
    )
