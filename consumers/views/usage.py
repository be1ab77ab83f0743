"""What profiles are used for, read from the ledger: the `Usage` that profiles ask for."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, func, select

from consumers.ledger.states import WAITING, AttemptOutcome, DeliveryState
from consumers.ledger.tables import attempts, deliveries
from profiles.usage import Use


class LedgerUsage:
    """Counts mails by profile."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(reading=True)

    def by_profile(self) -> Mapping[int, Use]:
        """Return the use of every profile that was ever used."""
        waits = deliveries.c.state.in_([*WAITING, DeliveryState.HELD, DeliveryState.SENDING])
        with self._engine.connect() as connection:
            sent = connection.execute(
                select(attempts.c.profile_id, func.count().label("n"), func.max(attempts.c.ended_at).label("last"))
                .where(attempts.c.outcome == AttemptOutcome.TAKEN)
                .group_by(attempts.c.profile_id)
            ).all()
            waiting = connection.execute(
                select(deliveries.c.profile_id, func.count().label("n")).where(waits).group_by(deliveries.c.profile_id)
            ).all()
        uses = {row.profile_id: Use(times=row.n, last=row.last) for row in sent}
        for row in waiting:
            use = uses.get(row.profile_id, Use())
            uses[row.profile_id] = Use(use.times, use.last, row.n)
        return uses
