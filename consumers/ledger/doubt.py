"""Whether a transaction was committed whose COMMIT was sent and never answered.

Every transaction that has written leaves its number in the row of its writer, last of all. Who is in doubt takes that
row on another connection: the number stands there if and only if the transaction was committed, also after a crash.
PostgreSQL's own memory (`pg_xact_status`) is no answer: a crash undoes what was not yet in its log, and the numbers of
transactions that it undid are given away again, so that another's commit looks like ours.

SQLite answers from within this process: what it did not confirm is not written.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

#: Milliseconds to wait for a transaction that the server has not ended yet.
PATIENCE = 200
#: Milliseconds after which the row of a writer that writes no more is dropped: a day.
FORGOTTEN = 86_400_000
#: SQLSTATE of a lock that was not got in time.
LOCK_NOT_AVAILABLE = "55P03"

_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
#: Writes nothing where the transaction has not: the row would be the only reason for a flush to disk.
MARK = text(
    "INSERT INTO ledger_writer AS known (owner, commits, used_at)"
    f" SELECT :owner, :number, {_NOW} WHERE pg_current_xact_id_if_assigned() IS NOT NULL"
    " ON CONFLICT (owner) DO UPDATE SET commits = excluded.commits, used_at = excluded.used_at"
)
FORGET = text("DELETE FROM ledger_writer WHERE used_at < (extract(epoch FROM clock_timestamp()) * 1000) - :forgotten")
WAIT = text(f"SET LOCAL lock_timeout = {PATIENCE}")
#: Waits for whoever holds the row, also for one that is about to make it.
TAKE = text(
    f"INSERT INTO ledger_writer AS known (owner, commits, used_at) SELECT :owner, 0, {_NOW}"
    " ON CONFLICT (owner) DO UPDATE SET used_at = excluded.used_at RETURNING known.commits"
)


class StillOpen(Exception):
    """Raised while the server has not ended the transaction yet; ask again."""


def mark_transaction(connection: Connection, owner: str, number: int) -> bool:
    """Leave a number, from 1 upwards, in the row of a writer; call it last in a transaction.

    False when the transaction has written nothing, or cannot come into doubt.
    """
    if connection.dialect.name != "postgresql":
        return False
    if number == 1:
        connection.execute(FORGET, {"forgotten": FORGOTTEN})
    return connection.execute(MARK, {"owner": owner, "number": number}).rowcount == 1


def was_committed(connection: Connection, owner: str, number: int) -> bool:
    """Say what became of the transaction that was marked with a number.

    Raises:
        StillOpen: when nothing became of it yet.
    """
    connection.execute(WAIT)
    try:
        found: int = connection.execute(TAKE, {"owner": owner}).scalar_one()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise StillOpen from None
        raise
    return found == number
