"""The accounts of those who may log in: their names, roles and hashed passwords.

A change of a password and the removal of an account end its sessions in the same transaction, and write into the
trail. It knows nothing of requests; how often someone may try, `attempts` says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from profiles.authors import Author
from profiles.page.shell.visitors import Role
from worker.web import account_trail, passwords
from worker.web.account_trail import Deed, Entry, Slice
from worker.web.tables import AccountRow, SessionRow

MOST_NAME = 64


class AccountError(Exception):
    """Raised when an account cannot be made or changed as asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `has_password` is false for one that only a proxy lets in; times in milliseconds UTC."""

    id: int
    name: str
    role: Role
    has_password: bool
    created_at: int
    updated_at: int


class Accounts:
    """The accounts of one database."""

    def __init__(self, engine: Engine, now: Callable[[], int]) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reading=True)
        self._now = now

    def all(self) -> list[Account]:
        """Return every account, by name."""
        with Session(self._reading) as session:
            return [_account(row) for row in session.exec(select(AccountRow).order_by(col(AccountRow.name_key)))]

    def admin_exists(self) -> bool:
        """Say whether any admin can log in: then there are no one-time links."""
        with Session(self._reading) as session:
            found = select(AccountRow.id).where(AccountRow.role == Role.ADMIN.value).limit(1)
            return session.exec(found).first() is not None

    def find(self, name: str) -> Account | None:
        """Return the account of a name, whatever its case; None when there is none."""
        with Session(self._reading) as session:
            row = _row(session, name)
            return None if row is None else _account(row)

    def add(self, name: str, role: Role, password: str | None, *, by: Author) -> Account:
        """Keep a new account; without a password only a proxy lets it in. The first admin ends visits by link.

        Raises:
            AccountError: when the name cannot be used or is taken.
            PasswordUnfit: when the password cannot be taken.
        """
        name = _checked(name)
        hashed = None if password is None else passwords.hash_password(password)
        at = self._now()
        row = AccountRow(
            name=name, name_key=key_of(name), role=role.value, password_hash=hashed, created_at=at, updated_at=at
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
                session.flush()
                if role is Role.ADMIN:
                    session.exec(delete(SessionRow).where(col(SessionRow.account_id).is_(None)))
                account_trail.record(session, name, Deed.ADD, by, at)
                return _account(row)
        except IntegrityError:
            raise AccountError(f"there is an account “{name}” already") from None

    def set_password(self, name: str, password: str, *, by: Author) -> Account:
        """Give an account another password and return it; whoever is logged in with it is logged out.

        Raises:
            AccountError: when there is no such account.
            PasswordUnfit: when the password cannot be taken.
        """
        hashed = passwords.hash_password(password)
        with Session(self._engine) as session, session.begin():
            row = _existing(session, name)
            row.password_hash = hashed
            row.updated_at = self._now()
            _end_sessions(session, row)
            account_trail.record(session, row.name, Deed.PASSWORD, by, row.updated_at)
            return _account(row)

    def remove(self, name: str, *, by: Author) -> Account:
        """Remove an account, end its sessions, and return it as it was.

        Raises:
            AccountError: when there is no such account.
        """
        with Session(self._engine) as session, session.begin():
            row = _existing(session, name)
            _end_sessions(session, row)
            session.delete(row)
            account_trail.record(session, row.name, Deed.REMOVE, by, self._now())
            return _account(row)

    def check(self, name: str, password: str) -> Account | None:
        """Return the account of a name if the password is its own; it takes as long when there is none."""
        with Session(self._reading) as session:
            row = _row(session, name)
        hashed = None if row is None else row.password_hash
        if not passwords.is_right(password, hashed) or row is None or hashed is None:
            return None
        if passwords.needs_rehash(hashed):
            self._rehash(row, password)
        return _account(row)

    def trail_page(self, limit: int, *, before: int | None = None, after: int | None = None) -> Slice:
        """Return some of the trail's entries, newest first, next to the entry `before` or `after`."""
        with Session(self._reading) as session:
            return account_trail.read(session, limit, before=before, after=after)

    def trail(self, limit: int) -> tuple[Entry, ...]:
        """Return the newest entries of the trail."""
        return self.trail_page(limit).entries

    def _rehash(self, row: AccountRow, password: str) -> None:
        """Keep a hash of today's strength, unless the password was changed meanwhile."""
        hashed = passwords.hash_password(password)
        with Session(self._engine) as session, session.begin():
            kept = session.get(AccountRow, row.id, with_for_update=True)
            if kept is not None and kept.password_hash == row.password_hash:
                kept.password_hash = hashed


def key_of(name: str) -> str:
    """Return what two names must not share."""
    return name.strip().casefold()[:200]


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise AccountError(f"the name must be 1 to {MOST_NAME} characters that can be seen")
    return name


def _row(session: Session, name: str) -> AccountRow | None:
    return session.exec(select(AccountRow).where(AccountRow.name_key == key_of(name))).first()


def _existing(session: Session, name: str) -> AccountRow:
    row = session.exec(select(AccountRow).where(AccountRow.name_key == key_of(name)).with_for_update()).first()
    if row is None:
        raise AccountError(f"there is no account “{name}”: see `runmail admin list`")
    return row


def _end_sessions(session: Session, row: AccountRow) -> None:
    session.exec(delete(SessionRow).where(col(SessionRow.account_id) == row.id))


def _account(row: AccountRow) -> Account:
    assert row.id is not None
    return Account(row.id, row.name, Role(row.role), row.password_hash is not None, row.created_at, row.updated_at)
