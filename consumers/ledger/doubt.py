"""Whether a transaction was committed whose COMMIT was sent and never answered.

Every transaction that has written leaves its number in the row of its writer, last of all. Who is in doubt takes that
row on another connection: the number stands there if and only if the transaction was committed, also after a crash.
PostgreSQL's own memory (`pg_xact_status`) is no answer: a crash undoes what was not yet in its log, and the numbers of
transactions that it undid are given away again, so that another's commit looks like ours.

SQLite answers from within this process: what it did not confirm is not written.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, bindparam, cast, delete, extract, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from consumers.ledger.tables import ledger_writers

#: Milliseconds to wait for a transaction that the server has not ended yet.
PATIENCE = 200
#: Milliseconds after which the row of a writer that writes no more is dropped: a day.
FORGOTTEN = 86_400_000
#: SQLSTATE of a lock that was not got in time.
LOCK_NOT_AVAILABLE = "55P03"

# Statements are made once: SQLAlchemy takes longer to make one than PostgreSQL to run it.
_NOW = cast(extract("epoch", func.clock_timestamp()) * 1000, BigInteger)
_COLUMNS = ("owner", "commits", "used_at")
_MARKED = insert(ledger_writers).from_select(
    _COLUMNS,
    # Nothing is written where the transaction has not: the row would be the only reason for a flush to disk.
    select(bindparam("writer"), bindparam("number", type_=BigInteger), _NOW).where(
        func.pg_current_xact_id_if_assigned().is_not(None)
    ),
)
MARK = _MARKED.on_conflict_do_update(
    index_elements=[ledger_writers.c.owner],
    set_={"commits": _MARKED.excluded.commits, "used_at": _MARKED.excluded.used_at},
).returning(ledger_writers.c.owner)
FORGET = delete(ledger_writers).where(ledger_writers.c.used_at < _NOW - FORGOTTEN)
WAIT = text(f"SET LOCAL lock_timeout = {PATIENCE}")
#: Waits for whoever holds the row, also for one that is about to make it.
TAKE = (
    insert(ledger_writers)
    .values(owner=bindparam("writer"), commits=0, used_at=_NOW)
    .on_conflict_do_update(index_elements=[ledger_writers.c.owner], set_={"used_at": _NOW})
    .returning(ledger_writers.c.commits)
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
        connection.execute(FORGET)
    return connection.execute(MARK, {"writer": owner, "number": number}).first() is not None


def was_committed(connection: Connection, owner: str, number: int) -> bool:
    """Say what became of the transaction that was marked with a number.

    Raises:
        StillOpen: when nothing became of it yet.
    """
    connection.execute(WAIT)
    try:
        found: int = connection.execute(TAKE, {"writer": owner}).scalar_one()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise StillOpen from None
        raise
    return found == number
