"""A commit whose answer is lost in a crash of PostgreSQL: what the crash undid is written again, and nothing else."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, Engine, event, insert, select, text

from consumers.ledger.doubt import StillOpen, mark_transaction, was_committed
from consumers.ledger.tables import leases
from consumers.ledger.writer import LedgerWriter
from tests.rig.postgresql import PostgreSql
from worker.database import make_engine
from worker.migrate import migrate

pytestmark = pytest.mark.real("postgresql")

#: Crashes of one test: PostgreSQL writes its log behind every 200 ms, and a crash just after that undoes less.
CRASHES = 4


@dataclass(frozen=True, slots=True)
class Ledger:
    """A database of one test, its engine, and the server."""

    engine: Engine
    server: PostgreSql

    def kept(self) -> list[str]:
        with self.engine.connect() as connection:
            return sorted(connection.execute(select(leases.c.name)).scalars())

    def crash(self) -> None:
        self.server.shut(signal.SIGQUIT)
        self.server.start_again()


@pytest.fixture
def ledger(postgresql: PostgreSql) -> Iterator[Ledger]:
    engine = make_engine(postgresql.make(f"t{secrets.token_hex(6)}"))
    migrate(engine)
    yield Ledger(engine, postgresql)
    engine.dispose()


def keep(connection: Connection, names: Sequence[str]) -> list[str]:
    values = {"owner": "me", "lease_epoch": "e", "lease_until": 1}
    connection.execute(insert(leases), [{"name": name, **values} for name in names])
    return list(names)


def write(engine: Engine, name: str, at_commit: Callable[[], None]) -> None:
    """Write a name by a writer to which something happens just before its COMMIT."""
    happened = threading.Event()

    def once(connection: Connection) -> None:
        if threading.current_thread().name == "ledger-writer" and not happened.is_set():
            happened.set()
            at_commit()

    event.listen(engine, "commit", once)
    writer = LedgerWriter(engine)
    writer.start()
    try:
        assert writer.submit(keep, name).result(60) == name
    finally:
        writer.close()
        event.remove(engine, "commit", once)
    assert happened.is_set()


def test_a_write_that_a_crash_undid_is_made_again_though_its_transaction_number_was_given_away(ledger: Ledger) -> None:
    def crash_and_use_up_numbers() -> None:
        with ledger.engine.connect() as connection:
            before = connection.execute(
                text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
            ).scalar_one()
        ledger.crash()
        other = make_engine(ledger.engine.url.render_as_string(hide_password=False))
        given = 0
        while given <= before:
            with other.begin() as connection:
                given = connection.execute(text("SELECT pg_current_xact_id()::text::bigint")).scalar_one()
        other.dispose()

    names = [f"n{number}" for number in range(CRASHES)]
    for name in names:
        write(ledger.engine, name, crash_and_use_up_numbers)

    assert ledger.kept() == names


def test_a_write_that_a_crash_undid_is_made_again_when_nothing_else_was_written_since(ledger: Ledger) -> None:
    names = [f"n{number}" for number in range(CRASHES)]
    for name in names:
        write(ledger.engine, name, ledger.crash)

    assert ledger.kept() == names


@pytest.mark.parametrize(("ending", "written"), [("commit", True), ("rollback", False)])
@pytest.mark.parametrize("earlier", [0, 1], ids=["the first of its writer", "a later one"])
def test_a_transaction_that_the_server_has_not_ended_is_open_and_then_what_became_of_it(
    ledger: Ledger, ending: str, written: bool, earlier: int
) -> None:
    with ledger.engine.connect() as lost, ledger.engine.connect() as asking:
        for number in range(1, earlier + 1):
            keep(lost, [f"earlier-{number}"])
            assert mark_transaction(lost, "w", number)
            lost.commit()
        keep(lost, ["in doubt"])
        assert mark_transaction(lost, "w", earlier + 1)

        with pytest.raises(StillOpen), asking.begin():
            was_committed(asking, "w", earlier + 1)
        getattr(lost, ending)()

        with asking.begin():
            assert was_committed(asking, "w", earlier + 1) is written


def test_a_transaction_that_has_only_read_is_not_marked(ledger: Ledger) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(select(leases)).all()
        assert not mark_transaction(connection, "w", 1)
