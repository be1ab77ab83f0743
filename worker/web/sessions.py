"""Sessions of those who came in: found by the hash of a random token, ended when idle, old, or told to.

The database never sees a token. Roles are looked up with the account at every request, so that a change holds at
once. It knows nothing of cookies.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Engine, delete, update
from sqlmodel import Session, col, or_, select

from profiles.authors import Author
from profiles.page.shell.notices import Notice, Tone
from profiles.page.shell.visitors import Role, Visitor
from worker.web import account_trail
from worker.web.account_trail import Deed
from worker.web.accounts import Account
from worker.web.tables import AccountRow, SessionRow

#: Milliseconds without a request after which a session ends, and after which it ends in any case.
IDLE = 12 * 3600 * 1000
LONGEST = 7 * 24 * 3600 * 1000
#: Milliseconds between two notes that someone is still there.
SEEN_EVERY = 60 * 1000


class Via(StrEnum):
    """How someone came in."""

    PASSWORD = "password"  # noqa: S105
    LINK = "link"
    PROXY = "proxy"


_DEEDS = {Via.PASSWORD: Deed.LOGIN, Via.LINK: Deed.ENTER, Via.PROXY: Deed.PROXY}


@dataclass(frozen=True, slots=True)
class Found:
    """A session that stands. `seen_at` in milliseconds UTC."""

    id: int
    visitor: Visitor
    via: Via
    account_id: int | None
    notices: tuple[Notice, ...]
    seen_at: int


def new_token() -> str:
    """Return a token that nobody guesses: 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what the database knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Sessions:
    """The sessions of one database."""

    def __init__(self, engine: Engine, now: Callable[[], int]) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reading=True)
        self._now = now

    def open(self, who: Account | str, via: Via, address: str) -> str | None:
        """Begin a session for an account, or for a name without one, and return its token.

        None when the account was changed or removed since it was read: its password may be another by now.
        """
        token, at = new_token(), self._now()
        name = who if isinstance(who, str) else who.name
        with Session(self._engine) as session, session.begin():
            if isinstance(who, Account) and not _is_unchanged(session, who):
                return None
            session.exec(
                delete(SessionRow).where(
                    or_(col(SessionRow.seen_at) < at - IDLE, col(SessionRow.created_at) < at - LONGEST)
                )
            )
            session.add(
                SessionRow(
                    token_hash=hash_token(token),
                    account_id=None if isinstance(who, str) else who.id,
                    name=name,
                    via=via.value,
                    created_at=at,
                    seen_at=at,
                )
            )
            account_trail.record(session, name, _DEEDS[via], Author(name, "page", address), at)
        return token

    def find(self, token: str) -> Found | None:
        """Return the session of a token if it stands."""
        at = self._now()
        with Session(self._reading) as session:
            found = session.exec(
                select(SessionRow, AccountRow)
                .join(AccountRow, isouter=True)
                .where(
                    SessionRow.token_hash == hash_token(token),
                    col(SessionRow.seen_at) >= at - IDLE,
                    col(SessionRow.created_at) >= at - LONGEST,
                )
            ).first()
        if found is None:
            return None
        row, account = found
        assert row.id is not None
        notices = tuple(Notice(text, Tone(tone)) for text, tone in row.notices)
        visitor = Visitor(row.name, Role.ADMIN) if account is None else Visitor(account.name, Role(account.role))
        return Found(row.id, visitor, Via(row.via), row.account_id, notices, row.seen_at)

    def note_seen(self, found: Found) -> None:
        """Note that someone is still there; not at every request."""
        at = self._now()
        if at - found.seen_at >= SEEN_EVERY:
            self._change(found, seen_at=at)

    def keep_notices(self, found: Found, notices: list[Notice]) -> None:
        """Keep the notices that wait for the next page."""
        self._change(found, notices=[[each.text, each.tone.value] for each in notices])

    def end(self, found: Found, address: str) -> None:
        """End a session."""
        name = found.visitor.name
        with Session(self._engine) as session, session.begin():
            session.exec(delete(SessionRow).where(col(SessionRow.id) == found.id))
            account_trail.record(session, name, Deed.LOGOUT, Author(name, "page", address), self._now())

    def _change(self, found: Found, **values: object) -> None:
        with Session(self._engine) as session, session.begin():
            session.exec(update(SessionRow).where(col(SessionRow.id) == found.id).values(**values))


def _is_unchanged(session: Session, account: Account) -> bool:
    """Say whether an account is as it was read, and keep it so until the transaction ends (PostgreSQL)."""
    row = session.get(AccountRow, account.id, with_for_update=True)
    return row is not None and row.updated_at == account.updated_at
