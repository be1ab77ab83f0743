"""Commands that took effect, each once in answer to a mail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from consumers.ledger.acting_tables import issued_commands
from consumers.ledger.tables import deliveries


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
    connection.execute(select(deliveries.c.id).where(deliveries.c.id == delivery_id).with_for_update())
    return connection.execute(
        select(issued_commands.c.reply_id).where(
            issued_commands.c.delivery_id == delivery_id, issued_commands.c.command == command
        )
    ).scalar()


def issue(connection: Connection, issued: IssuedCommand, now: int) -> None:
    """Write down that a command takes effect."""
    connection.execute(
        insert(issued_commands).values(
            delivery_id=issued.delivery_id,
            command=issued.command,
            reply_id=issued.reply_id,
            issued_by=issued.issued_by,
            created_at=now,
        )
    )
