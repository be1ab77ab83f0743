"""What names a profile in the ledger: the `Mentions` that profiles ask for before one is removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from consumers.ledger.schedule_tables import schedules

#: Names that are told of each kind; nobody reads more.
MOST = 20


class LedgerMentions:
    """Finds the schedules of a profile."""

    def of_profile(self, connection: Connection, profile_id: int) -> Mapping[str, Sequence[str]]:
        """Return the names by kind."""
        found = connection.execute(
            select(schedules.c.name).where(schedules.c.profile_id == profile_id).order_by(schedules.c.name).limit(MOST)
        )
        return {"schedules": list(found.scalars())}
