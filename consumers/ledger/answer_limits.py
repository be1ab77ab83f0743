"""Limits of automatic answers: one a day for a key, such as a sender, over all workers. The table and its verbs.

The database decides by its unique key, so that two workers that read mail of one sender in the same moment answer
once. Times are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Connection, Index, delete
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlmodel import Field, SQLModel

from consumers.ledger.tables import RowId

#: For so long nobody is answered again.
DAY = 86_400_000


class AutomaticAnswerRow(SQLModel, table=True):
    """The last automatic answer under a key, and the reply that it answered."""

    __tablename__ = "automatic_answer"
    __table_args__ = (Index("automatic_answer_age", "answered_at"),)

    key: str = Field(primary_key=True)
    reply_id: int = Field(sa_column=Column(RowId, nullable=False))
    answered_at: int = Field(sa_column=Column(BigInteger, nullable=False))


automatic_answers = SQLModel.metadata.tables["automatic_answer"]


def take_turns(connection: Connection, wanted: Mapping[str, int], now: int) -> frozenset[str]:
    """Take the day's answer of each key for a reply; return the keys that had one left.

    The keys are taken in one order everywhere, so that two workers wait for each other and never in a circle.
    """
    insert = insert_on_postgresql if connection.dialect.name == "postgresql" else insert_on_sqlite
    taken = set()
    for key in sorted(wanted):
        new = insert(automatic_answers).values(key=key, reply_id=wanted[key], answered_at=now)
        statement = new.on_conflict_do_update(
            index_elements=[automatic_answers.c.key],
            set_={"reply_id": new.excluded.reply_id, "answered_at": new.excluded.answered_at},
            where=automatic_answers.c.answered_at <= now - DAY,
        )
        if connection.execute(statement.returning(automatic_answers.c.key)).scalar() is not None:
            taken.add(key)
    return frozenset(taken)


def forget_turns(connection: Connection, now: int) -> int:
    """Remove what limits nothing any more; return how many."""
    return connection.execute(delete(automatic_answers).where(automatic_answers.c.answered_at <= now - DAY)).rowcount
