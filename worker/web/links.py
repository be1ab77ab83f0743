"""One-time links: how the page is entered on a machine where nobody has made an admin account yet.

Only their hashes are kept. A link is used once and ends by itself; making the first admin account ends them all.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from worker.web.accounts import Accounts
from worker.web.sessions import hash_token, new_token
from worker.web.tables import LinkRow

#: Milliseconds for which a link can be used.
STANDS = 10 * 60 * 1000


class Links:
    """The one-time links of one database."""

    def __init__(self, engine: Engine, accounts: Accounts, now: Callable[[], int]) -> None:
        self._engine = engine
        self._accounts = accounts
        self._now = now

    def make(self, name: str) -> str | None:
        """Return the token of a new link for `name`; None when an admin account is there to log in with."""
        if self._accounts.admin_exists():
            return None
        token, at = new_token(), self._now()
        with Session(self._engine) as session, session.begin():
            session.exec(delete(LinkRow).where(col(LinkRow.ends_at) < at))
            session.add(LinkRow(token_hash=hash_token(token), name=name, ends_at=at + STANDS))
        return token

    def stands(self, token: str) -> bool:
        """Say whether a link can be used now. Changes nothing."""
        with Session(self._engine.execution_options(reading=True)) as session:
            found = select(LinkRow.id).where(
                LinkRow.token_hash == hash_token(token), col(LinkRow.ends_at) >= self._now()
            )
            return session.exec(found).first() is not None and not self._accounts.admin_exists()

    def use(self, token: str) -> str | None:
        """Use a link up and return the name it was made for; None when it cannot be used. Of two at once one wins."""
        if self._accounts.admin_exists():
            return None
        with Session(self._engine) as session, session.begin():
            row = session.exec(select(LinkRow).where(LinkRow.token_hash == hash_token(token)).with_for_update()).first()
            if row is None:
                return None
            session.delete(row)
            return row.name if row.ends_at >= self._now() else None
