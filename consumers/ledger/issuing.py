"""Commands that took effect, each once in answer to a mail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select

from consumers.ledger.acting_tables import issued_commands
from consumers.ledger.tables import deliveries

LOCK = select(deliveries.c.id).where(deliveries.c.id == bindparam("delivery")).with_for_update()
FIND = select(issued_commands.c.reply_id).where(
    issued_commands.c.delivery_id == bindparam("delivery"), issued_commands.c.command == bindparam("words")
)
INSERT = insert(issued_commands)


@dataclass(frozen=True, slots=True)
class IssuedCommand:
    """A command, the delivery whose mail it answers, and the reply that brought it."""

    delivery_id: int
    command: str
    reply_id: int
    issued_by: str


def find_issuer(connection: Connection, delivery_id: int, command: str) -> int | None:
    """Return the reply that brought a command in answer to a mail before, or None.

    Locks the delivery, so that of two workers with the same command the second sees what the first wrote.
    """
    connection.execute(LOCK, {"delivery": delivery_id})
    return connection.execute(FIND, {"delivery": delivery_id, "words": command}).scalar()


def issue(connection: Connection, issued: IssuedCommand, now: int) -> None:
    """Write down that a command takes effect."""
    row = {
        "delivery_id": issued.delivery_id,
        "command": issued.command,
        "reply_id": issued.reply_id,
        "issued_by": issued.issued_by,
        "created_at": now,
    }
    connection.execute(INSERT, row)
