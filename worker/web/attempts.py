"""Attempts to log in, counted in the database for every process together: per account and per client address.

An attempt is written before the password is looked at, so that many at once count too. Names are hashed. An IPv6
client is counted by its /64, which one customer has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Engine, delete, func
from sqlmodel import Session, col, select

from worker.web.accounts import key_of
from worker.web.tables import AttemptRow

#: Milliseconds for which an attempt counts.
WINDOW = 15 * 60 * 1000
#: Attempts in that time, for one account and from one address; an office shares an address.
MOST_PER_NAME = 10
MOST_PER_ADDRESS = 30
#: Milliseconds after which an attempt is forgotten.
KEPT = 24 * 3600 * 1000


class Attempts:
    """The attempts of one database."""

    def __init__(self, engine: Engine, now: Callable[[], int]) -> None:
        self._engine = engine
        self._now = now

    def begin(self, name: str, address: str) -> int | None:
        """Count an attempt and return its number; None when there were too many, and this one does not count."""
        at = self._now()
        hashed, place = _hash(name), counted_address(address)
        with Session(self._engine) as session, session.begin():
            session.exec(delete(AttemptRow).where(col(AttemptRow.at) < at - KEPT))
            row = AttemptRow(name_hash=hashed, address=place, at=at)
            session.add(row)
            session.flush()
            number = row.id
        # Only now, committed: of several at once each sees those before it.
        with Session(self._engine) as session, session.begin():
            recent = (col(AttemptRow.at) > at - WINDOW, col(AttemptRow.id) <= number)
            counted = [
                (select(func.count()).where(*recent, AttemptRow.name_hash == hashed), MOST_PER_NAME),
                (select(func.count()).where(*recent, AttemptRow.address == place), MOST_PER_ADDRESS),
            ]
            if all(session.exec(wanted).one() <= most for wanted, most in counted):
                return number
            session.exec(delete(AttemptRow).where(col(AttemptRow.id) == number))
            return None

    def forgive(self, name: str, address: str) -> None:
        """Forget the attempts for an account from the address where its password was given rightly."""
        with Session(self._engine) as session, session.begin():
            session.exec(
                delete(AttemptRow).where(
                    col(AttemptRow.name_hash) == _hash(name), col(AttemptRow.address) == counted_address(address)
                )
            )


def counted_address(address: str) -> str:
    """Return what attempts from an address are counted under."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


def _hash(name: str) -> str:
    return hashlib.sha256(key_of(name).encode("utf-8", "surrogatepass")).hexdigest()
