"""Breakers: when a profile's server is left alone, and for how long; pure rules and the rows they change.

    closed   nothing stands in the way
    failing  the last connections could not be opened; one is tried at a time
    open     nobody connects until a time of the lease clock; then one connection probes, and its success closes

The same row remembers that a server asked to be written to more slowly. Who opens connections is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite

from consumers.ledger.lease import Moment, read_lease_clock
from consumers.ledger.tables import breakers

#: Failed logins in a row that open a breaker: a common lock-out policy counts three wrong passwords.
MOST_LOGINS = 3
#: Failed connections in a row that open it: a restarting server refuses a few.
MOST_CONNECTIONS = 5
#: Seconds it stays open the first time, doubled each time, and the most. A password is mended by a person.
LOGIN_SECONDS = (300.0, 3600.0)
CONNECTION_SECONDS = (30.0, 600.0)
#: Seconds a server that asked for it is written to slowly; doubled with each level up to the most.
SLOW_SECONDS = 60.0
MOST_SLOW_LEVEL = 6
#: Seconds in which further requests to slow down are taken for the same one: they answer mails in flight together.
SAME_REQUEST_SECONDS = 10.0


class Failure(StrEnum):
    """What kind of failure counts against a profile."""

    LOGIN = "login"
    CONNECTION = "connection"


class Change(StrEnum):
    """What a report did to a breaker."""

    NONE = "none"
    OPENED = "opened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker as it stands at one moment of the lease clock. Times in milliseconds."""

    failures: int = 0
    openings: int = 0
    reason: str | None = None
    opened_at: int | None = None
    #: Milliseconds until a probe is allowed; 0 when it is, or when the breaker is closed.
    wait: int = 0
    slow_level: int = 0
    #: Milliseconds for which the server is still to be written to slowly.
    slow_for: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it opened and no connection has closed it since."""
        return self.opened_at is not None

    @property
    def pace(self) -> int:
        """The least milliseconds between two mails while the server wants it slow; 0 when it does not."""
        return 500 * (1 << self.slow_level) if self.slow_for else 0


CLOSED = Breaker()

BY_PROFILE = select(breakers).where(breakers.c.profile_id == bindparam("profile"))
BY_PROFILE_LOCKED = BY_PROFILE.with_for_update()
FORGET = delete(breakers).where(breakers.c.profile_id == bindparam("profile"))
CLOSE = (
    update(breakers)
    .where(breakers.c.profile_id == bindparam("profile"))
    .values(failures=0, openings=0, reason=None, opened_at=None, open_until=None)
)


def read_breaker(connection: Connection, profile_id: int, moment: Moment, *, lock: bool = False) -> Breaker:
    """Return the breaker of a profile; with `lock` its row stays ours until the transaction ends."""
    row = connection.execute(BY_PROFILE_LOCKED if lock else BY_PROFILE, {"profile": profile_id}).first()
    if row is None:
        return CLOSED
    # Readings of an earlier boot cannot be compared: its waits are over.
    comparable = row.epoch == moment.epoch
    wait = max(0, row.open_until - moment.milliseconds) if comparable and row.open_until is not None else 0
    slow_for = max(0, row.slow_until - moment.milliseconds) if comparable and row.slow_until is not None else 0
    return Breaker(row.failures, row.openings, row.reason, row.opened_at, wait, row.slow_level, slow_for)


def count_failure(
    connection: Connection, profile_id: int, kind: Failure, reason: str, moment: Moment, now: int
) -> Change:
    """Count a connection that could not be opened; it may open the breaker, or keep it open longer."""
    before = read_breaker(connection, profile_id, moment, lock=True)
    failures = before.failures + 1
    opens = before.is_open or failures >= (MOST_LOGINS if kind is Failure.LOGIN else MOST_CONNECTIONS)
    values: dict[str, object] = {"failures": failures, "reason": reason}
    if opens:
        seconds = open_seconds(kind, before.openings)
        values |= {
            "openings": before.openings + 1,
            "opened_at": before.opened_at if before.is_open else now,
            "open_until": moment.after(seconds),
        }
    _store(connection, profile_id, values, moment, now)
    return Change.OPENED if opens and not before.is_open else Change.NONE


def count_success(connection: Connection, profile_id: int, moment: Moment) -> Change:
    """Count an opened connection: nothing stands in the way any more but a wish to slow down."""
    before = read_breaker(connection, profile_id, moment)
    if not before.failures and not before.is_open:
        return Change.NONE
    connection.execute(CLOSE if before.slow_for else FORGET, {"profile": profile_id})
    return Change.CLOSED if before.is_open else Change.NONE


def slow_down(connection: Connection, profile_id: int, moment: Moment, now: int) -> int:
    """Write to a profile's server more slowly for a while; return the level, from 1.

    A level halves the pace and doubles the time. What comes while the last request is fresh is the same request.
    """
    before = read_breaker(connection, profile_id, moment, lock=True)
    level = before.slow_level if before.slow_for else 0
    asked_before = _slow_milliseconds(level) - before.slow_for
    if level and asked_before < SAME_REQUEST_SECONDS * 1000:
        return level
    level = min(level + 1, MOST_SLOW_LEVEL)
    until = moment.milliseconds + _slow_milliseconds(level)
    _store(connection, profile_id, {"slow_level": level, "slow_until": until}, moment, now)
    return level


@dataclass(frozen=True, slots=True)
class SlowDown:
    """A server's request to be written to more slowly. `now` in milliseconds UTC."""

    profile_id: int
    now: int


def slow_downs(connection: Connection, requests: Sequence[SlowDown]) -> list[int]:
    """Follow requests to slow down; the level of each."""
    moment = read_lease_clock(connection)
    return [slow_down(connection, each.profile_id, moment, each.now) for each in requests]


def open_seconds(kind: Failure, openings: int) -> float:
    """Return how long a breaker stays open that opened `openings` times before without closing."""
    first, most = LOGIN_SECONDS if kind is Failure.LOGIN else CONNECTION_SECONDS
    return min(most, first * (1 << min(openings, 16)))


def _slow_milliseconds(level: int) -> int:
    return round(SLOW_SECONDS * 1000) * (1 << max(0, level - 1))


def _store(connection: Connection, profile_id: int, values: dict[str, object], moment: Moment, now: int) -> None:
    """Change the row of a profile, making it where there is none."""
    insert = insert_on_postgresql if connection.dialect.name == "postgresql" else insert_on_sqlite
    changed = {**values, "epoch": moment.epoch, "updated_at": now}
    empty = {"failures": 0, "openings": 0, "slow_level": 0}
    connection.execute(
        insert(breakers)
        .values({"profile_id": profile_id, **empty, **changed})
        .on_conflict_do_update(index_elements=[breakers.c.profile_id], set_=changed)
    )
