"""The trail of accounts: who was added, changed or removed by whom, and who logged in or out. No secret.

Failed attempts are not in it: strangers would fill it. They stand in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, select

from profiles.authors import Author
from worker.web.tables import AccountDeedRow


class Deed(StrEnum):
    """What happened to an account."""

    ADD = "add"
    PASSWORD = "set-password"  # noqa: S105
    REMOVE = "remove"
    LOGIN = "login"
    ENTER = "enter by link"
    PROXY = "login by proxy"
    LOGOUT = "logout"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `at` in milliseconds UTC."""

    id: int
    at: int
    account: str
    deed: str
    author: Author


def record(session: Session, account: str, deed: Deed, by: Author, at: int) -> None:
    """Write an entry into the session's transaction."""
    session.add(
        AccountDeedRow(
            at=at, account=account[:200], deed=deed.value, who=by.who[:200], via=by.via[:32], host=by.host[:255]
        )
    )


@dataclass(frozen=True, slots=True)
class Slice:
    """Some entries, newest first, and whether there are newer and older ones."""

    entries: tuple[Entry, ...]
    has_newer: bool
    has_older: bool


def read(session: Session, limit: int, *, before: int | None = None, after: int | None = None) -> Slice:
    """Return the newest entries, or those next to the entry `before` or `after`, by its id."""
    upwards = before is None and after is not None
    wanted = select(AccountDeedRow).limit(limit + 1)
    if upwards:
        wanted = wanted.where(col(AccountDeedRow.id) > after).order_by(col(AccountDeedRow.id))
    else:
        wanted = wanted.order_by(col(AccountDeedRow.id).desc())
        wanted = wanted if before is None else wanted.where(col(AccountDeedRow.id) < before)
    rows = list(session.exec(wanted))
    more, rows = len(rows) > limit, rows[:limit]
    entries = tuple(
        Entry(row.id or 0, row.at, row.account, row.deed, Author(row.who, row.via, row.host))
        for row in (reversed(rows) if upwards else rows)
    )
    return Slice(
        entries,
        has_newer=bool(entries) and (more if upwards else before is not None),
        has_older=bool(entries) and (upwards or more),
    )
