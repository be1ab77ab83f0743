"""What a run came to: the published events, the ledger and the receiving server's log, counted against each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from consumers.ledger.audit_against import compare
from consumers.ledger.books import read_books
from consumers.ledger.server_log import read_taken_mail
from consumers.ledger.states import EventState
from consumers.ledger.tables import events
from consumers.mails.compose import shown_event_id
from worker.database import open_snapshot

#: A moment after every test.
FOR_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Tally:
    """One line of the rig. `lost` and `duplicated` are mails, with what the ledger flags; `unflagged` is what is wrong.

    `missing` are published events that are in no row of the ledger although Redis lost nothing; `quarantined` are
    events and mails, without the garbage that the rig puts on the queue.
    """

    name: str
    published: int
    accepted: int
    taken: int
    lost: int
    duplicated: int
    unflagged: int
    uncertain: int
    quarantined: int
    missing: int
    maybe_twice: int
    kills: int
    outages: int
    seconds_to_drain: float
    problems: tuple[str, ...]
    examples: dict[str, list[Any]]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong: all accounted for, and every difference flagged."""
        return not (self.unflagged or self.missing or self.problems)

    def __str__(self) -> str:
        """Return the one line."""
        facts = {key: value for key, value in asdict(self).items() if key not in ("name", "problems", "examples")}
        said = " ".join(f"{name}={value}" for name, value in facts.items())
        wrong = f" WRONG: {self.problems} {self.examples}" if not self.good else " balanced"
        return f"{self.name}: {said}{wrong}"


def count(
    name: str,
    engine: Engine,
    log: Path,
    published: Collection[tuple[str, str]],
    *,
    kills: int,
    outages: int,
    seconds: float,
) -> Tally:
    """Count a run: `published` are the pairs of source and id that must be accepted."""
    taken = [read_taken_mail(line) for line in log.read_text("utf-8").splitlines()]
    with open_snapshot(engine) as connection:
        books = read_books(connection)
        found = compare(connection, taken, sqlite3.connect(":memory:"), shown_event_id, since=0, until=FOR_EVER)
        rows = connection.execute(select(events.c.source, events.c.event_id, events.c.state)).all()
    recorded = {(row.source, row.event_id) for row in rows}
    # Garbage that the rig itself put on the queue has no source.
    quarantined = sum(1 for row in rows if row.source and row.state == EventState.QUARANTINED)
    return Tally(
        name=name,
        published=len(published),
        accepted=books.accepted,
        taken=len(taken),
        lost=found.lost,
        duplicated=found.duplicated,
        unflagged=found.lost_unflagged + found.duplicated_unflagged + found.not_in_ledger,
        uncertain=books.states["uncertain"],
        quarantined=quarantined + books.states["quarantined"],
        missing=len(set(published) - recorded),
        maybe_twice=books.maybe_twice,
        kills=kills,
        outages=outages,
        seconds_to_drain=round(seconds, 1),
        problems=books.problems,
        examples={kind: pairs[:3] for kind, pairs in found.examples.items() if kind not in ("lost", "duplicated")},
    )
