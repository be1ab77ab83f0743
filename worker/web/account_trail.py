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


def newest(session: Session, limit: int, before: int | None = None) -> list[Entry]:
    """Return the newest entries, older than the one with the id `before` if it is given."""
    wanted = select(AccountDeedRow).order_by(col(AccountDeedRow.id).desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(col(AccountDeedRow.id) < before)
    return [
        Entry(row.id or 0, row.at, row.account, row.deed, Author(row.who, row.via, row.host))
        for row in session.exec(wanted)
    ]
