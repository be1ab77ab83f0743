"""The verbs enter and leave: connections to a profile's server, counted over all workers, under leases.

Whoever wants to connect asks first. The answer is a place, or a named reason and how long to wait. Few connections
of a profile are opened at once and, once one has failed, one at a time: so a wrong password costs the account at
most as many logins as `breakers` allows, however many workers there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from consumers.ledger.breakers import Change, Failure, count_failure, count_success, read_breaker
from consumers.ledger.lease import Moment, lease_ended, lease_holds, read_lease_clock
from consumers.ledger.tables import connections

#: Connections of one profile that are opened at once; two failing together leave one login before a lock-out.
MOST_OPENING = 2
#: Milliseconds to wait for a place, by what stands in the way.
WAIT_OPENING = 100
WAIT_IN_USE = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A wish to open a connection; `most` connections of the profile may exist over all workers, None: any number.

    `place` is the one that the asker holds already, when its connection was closed and it opens another.
    """

    profile_id: int
    owner: str
    most: int | None
    opening_seconds: float
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """The place that was given, or the reason for none and the milliseconds to wait."""

    place: int | None
    reason: str = ""
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """How opening a connection ended; no `failure` means that it is open, its place counted for `seconds`."""

    profile_id: int
    place: int
    now: int
    seconds: float
    failure: Failure | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A wish to keep all places of an owner for so many seconds more."""

    owner: str
    seconds: float


DROP_ENDED = delete(connections).where(connections.c.profile_id == bindparam("profile"))
IS_OPEN = (
    update(connections)
    .where(connections.c.id == bindparam("place"))
    .values(opening=False, lease_until=bindparam("until"))
)


def enter(connection: Connection, entries: Sequence[Entry]) -> list[Entered]:
    """Answer each wish, in order."""
    moment = read_lease_clock(connection)
    return [_enter(connection, entry, moment) for entry in entries]


def _enter(connection: Connection, entry: Entry, moment: Moment) -> Entered:
    _line_up(connection, entry.profile_id)
    breaker = read_breaker(connection, entry.profile_id, moment)
    if breaker.wait:
        return Entered(None, "breaker_open", breaker.wait)
    others = (
        connections.c.profile_id == entry.profile_id,
        lease_holds(connections, moment),
        connections.c.id != (entry.place or 0),
    )
    used, opening = connection.execute(
        select(func.count(), func.count().filter(connections.c.opening)).where(*others)
    ).one()
    most = 1 if breaker.slow_for else entry.most
    if most is not None and used >= most:
        return Entered(None, "connections_in_use", WAIT_IN_USE)
    if opening >= (1 if breaker.failures else MOST_OPENING):
        return Entered(None, "others_connect", WAIT_OPENING)
    values = {"opening": True, "lease_epoch": moment.epoch, "lease_until": moment.after(entry.opening_seconds)}
    if entry.place is not None:
        kept = connection.execute(
            update(connections)
            .where(connections.c.id == entry.place, connections.c.owner == entry.owner)
            .values(**values)
        )
        if kept.rowcount == 1:
            return Entered(entry.place)
    connection.execute(DROP_ENDED.where(lease_ended(connections, moment)), {"profile": entry.profile_id})
    place = connection.execute(
        insert(connections).values(profile_id=entry.profile_id, owner=entry.owner, **values).returning(connections.c.id)
    ).scalar_one()
    return Entered(place)


def opened(connection: Connection, reports: Sequence[Opened]) -> list[Change]:
    """Write down how opening connections ended, and what it did to the breakers of their profiles."""
    moment = read_lease_clock(connection)
    changes = []
    for report in reports:
        _line_up(connection, report.profile_id)
        if report.failure is None:
            connection.execute(IS_OPEN, {"place": report.place, "until": moment.after(report.seconds)})
            changes.append(count_success(connection, report.profile_id, moment))
        else:
            leave(connection, [report.place])
            changes.append(
                count_failure(connection, report.profile_id, report.failure, report.reason, moment, report.now)
            )
    return changes


def renew(connection: Connection, renewals: Sequence[Renewal]) -> list[frozenset[int]]:
    """Keep the places of each owner; return those it still has. One whose lease ended is lost."""
    moment = read_lease_clock(connection)
    held = []
    for renewal in renewals:
        rows = connection.execute(
            update(connections)
            .where(
                connections.c.owner == renewal.owner, lease_holds(connections, moment), connections.c.opening.is_(False)
            )
            .values(lease_until=moment.after(renewal.seconds))
            .returning(connections.c.id)
        )
        held.append(frozenset(rows.scalars()))
    return held


def leave(connection: Connection, places: Sequence[int]) -> list[None]:
    """Give places back."""
    connection.execute(delete(connections).where(connections.c.id.in_(places)))
    return [None for _ in places]


def _line_up(connection: Connection, profile_id: int) -> None:
    """Let one transaction at a time decide about the connections of a profile, so that each sees the others.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_place_key(profile_id))))


def _place_key(profile_id: int) -> int:
    """Return the key of PostgreSQL's advisory lock for the places of a profile."""
    return (0x72756E << 40) | (profile_id & 0xFFFFFFFFFF)
