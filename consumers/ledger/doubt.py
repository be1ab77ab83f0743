"""Whether a transaction was committed whose COMMIT was sent and never answered.

PostgreSQL remembers it: a transaction that has written has an id, and `pg_xact_status` says what became of that id, on
another connection and after a crash too (its manual: "Transaction ID and Snapshot Information Functions"). SQLite
answers from within this process: what it did not confirm is not written.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

XID = text("SELECT pg_current_xact_id_if_assigned()::text")
STATUS = text("SELECT pg_xact_status(CAST(CAST(:xid AS text) AS xid8))")


class StillOpen(Exception):
    """Raised while the server has not ended the transaction yet; ask again."""


def transaction_id(connection: Connection) -> str | None:
    """Return the id to ask for later; None when the transaction has written nothing, or cannot come into doubt."""
    if connection.dialect.name != "postgresql":
        return None
    found: str | None = connection.execute(XID).scalar_one()
    return found


def was_committed(connection: Connection, xid: str) -> bool:
    """Say what became of a transaction.

    Raises:
        StillOpen: when nothing became of it yet.
    """
    status = connection.execute(STATUS, {"xid": xid}).scalar_one()
    if status == "in progress":
        raise StillOpen
    return bool(status == "committed")
