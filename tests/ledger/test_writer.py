"""Group commit: together when it can, alone when it must."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Connection, Engine, insert, select

from consumers.ledger.tables import leases
from consumers.ledger.writer import LedgerAway, LedgerWriter
from worker.database import make_engine


@pytest.fixture
def writer(engine: Engine) -> Iterator[LedgerWriter]:
    writer = LedgerWriter(engine)
    writer.start()
    yield writer
    writer.close()


def row(name: str) -> dict[str, object]:
    return {"name": name, "owner": "me", "lease_epoch": "e", "lease_until": 1}


class Counting:
    """A step that writes names and counts its calls; its first call waits until it is let go."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.go = threading.Event()

    def __call__(self, connection: Connection, names: Sequence[str]) -> list[str]:
        self.calls.append(len(names))
        self.go.wait(10)
        connection.execute(insert(leases), [row(name) for name in names])
        return [name.upper() for name in names]


def test_what_waits_together_is_written_in_one_transaction(writer: LedgerWriter, engine: Engine) -> None:
    step = Counting()
    futures = [writer.submit(step, f"n{number}") for number in range(50)]
    step.go.set()

    assert [future.result(10) for future in futures] == [f"N{number}" for number in range(50)]
    assert len(step.calls) <= 3
    with engine.connect() as connection:
        assert len(connection.execute(select(leases)).all()) == 50


def test_an_item_that_fails_fails_alone(writer: LedgerWriter, engine: Engine) -> None:
    step = Counting()
    first = writer.submit(step, "first")
    twice = [writer.submit(step, name) for name in ("a", "a", "b")]
    step.go.set()

    assert first.result(10) == "FIRST"
    assert twice[0].result(10) == "A"
    assert "UNIQUE" in str(twice[1].exception(10))
    assert twice[2].result(10) == "B"


def test_what_waits_is_written_before_closing(engine: Engine) -> None:
    writer = LedgerWriter(engine)
    writer.start()
    step = Counting()
    futures = [writer.submit(step, f"n{number}") for number in range(5)]
    step.go.set()
    writer.close()

    assert all(future.done() for future in futures)
    with pytest.raises(LedgerAway):
        writer.submit(step, "late").result(1)


def test_a_database_that_stays_away_is_told_to_whoever_waits() -> None:
    writer = LedgerWriter(make_engine("postgresql://nobody@127.0.0.1:1/none"), give_up_seconds=0.5)
    writer.start()

    with pytest.raises(LedgerAway):
        writer.submit(Counting(), "a").result(20)
    writer.close()
