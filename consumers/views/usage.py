"""What profiles are used for, read from the ledger: the `Usage` that profiles ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, ScalarSelect, Select, func, select
from sqlmodel import SQLModel

from consumers.ledger.states import WAITING, AttemptOutcome, DeliveryState
from consumers.ledger.tables import attempts, breakers, deliveries
from profiles.stages import DAY_MILLISECONDS
from profiles.tables import ProfileRow  # noqa: F401 - the import declares the table
from profiles.usage import COUNTED_DAYS, Use

profiles = SQLModel.metadata.tables["profile"]

#: Attempts in a row without a mail taken after which a profile counts as failing.
FAILING_ATTEMPTS = 3
#: How the reasons begin that are the fault of one recipient or one message, and say nothing of the profile.
OF_ONE_MAIL = ("recipient_", "domain_", "mailbox_", "address_", "message_", "refused_by_policy")
#: Attempts that say something of the profile.
_OF_PROFILE = (
    attempts.c.outcome != AttemptOutcome.STOPPED,
    *(~func.coalesce(attempts.c.reason, "").startswith(beginning) for beginning in OF_ONE_MAIL),
)


class LedgerUsage:
    """Counts mails by profile; `now` returns milliseconds UTC.

    Every number is read by profile and time, so that an old ledger costs no more.
    """

    def __init__(self, engine: Engine, now: Callable[[], int]) -> None:
        self._engine = engine.execution_options(reading=True)
        self._now = now

    def by_profile(self) -> Mapping[int, Use]:
        """Return the use of every profile."""
        since = self._now() - COUNTED_DAYS * DAY_MILLISECONDS
        query = select(
            profiles.c.id,
            _last_taken().label("last"),
            _waiting().label("waiting"),
            _breaker(breakers.c.reason).label("breaker"),
            _breaker(breakers.c.opened_at).label("opened_at"),
            _first_failed().label("failed_at"),
            _latest(attempts.c.reason, 0).label("reason"),
            *(_latest(attempts.c.outcome, number).label(f"outcome_{number}") for number in range(FAILING_ATTEMPTS)),
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            days: dict[int, list[int]] = {}
            for profile_id, day, number in connection.execute(_taken_by_day(since)):
                days.setdefault(profile_id, [0] * COUNTED_DAYS)[min(day, COUNTED_DAYS - 1)] += number
        return {row["id"]: _use(row, days.get(row["id"], [])) for row in rows}

    def standing(self) -> Mapping[int, Use]:
        """Return the use of every profile without its counts, which cost the more the more a profile is used."""
        query = select(
            profiles.c.id,
            _last_taken().label("last"),
            _breaker(breakers.c.reason).label("breaker"),
            _latest(attempts.c.reason, 0).label("reason"),
            *(_latest(attempts.c.outcome, number).label(f"outcome_{number}") for number in range(FAILING_ATTEMPTS)),
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return {row["id"]: Use(last=row["last"], failing=_failing(row), breaker=row["breaker"]) for row in rows}


def _use(row: RowMapping, days: list[int]) -> Use:
    failing, breaker = _failing(row), row["breaker"]
    since = row["opened_at"] if breaker is not None else row["failed_at"] if failing is not None else None
    return Use(sum(days), row["last"], row["waiting"], failing, breaker, since, tuple(days))


def _taken_by_day(since: int) -> Select[Any]:
    """Make the query for the mails of each profile and day, by the index of profile and time."""
    day = ((attempts.c.started_at - since) // DAY_MILLISECONDS).label("day")
    return (
        select(attempts.c.profile_id, day, func.count())
        .where(
            attempts.c.profile_id.in_(select(profiles.c.id)),
            attempts.c.started_at >= since,
            attempts.c.outcome == AttemptOutcome.TAKEN,
        )
        .group_by(attempts.c.profile_id, day)
    )


def _last_taken() -> ScalarSelect[Any]:
    return (
        select(attempts.c.ended_at)
        .where(attempts.c.profile_id == profiles.c.id, attempts.c.outcome == AttemptOutcome.TAKEN)
        .order_by(attempts.c.started_at.desc())
        .limit(1)
        .correlate(profiles)
        .scalar_subquery()
    )


def _waiting() -> ScalarSelect[Any]:
    waits = deliveries.c.state.in_([*WAITING, DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.UNCERTAIN])
    return (
        select(func.count())
        .where(deliveries.c.profile_id == profiles.c.id, waits)
        .correlate(profiles)
        .scalar_subquery()
    )


def _breaker(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    return (
        select(column)
        .where(breakers.c.profile_id == profiles.c.id, breakers.c.opened_at.is_not(None))
        .correlate(profiles)
        .scalar_subquery()
    )


def _first_failed() -> ScalarSelect[Any]:
    """Make the query for when the first attempt after the last mail taken began."""
    earlier = attempts.alias()
    last = (
        select(earlier.c.started_at)
        .where(earlier.c.profile_id == profiles.c.id, earlier.c.outcome == AttemptOutcome.TAKEN)
        .order_by(earlier.c.started_at.desc())
        .limit(1)
        .correlate(profiles)
        .scalar_subquery()
    )
    return (
        select(attempts.c.started_at)
        .where(attempts.c.profile_id == profiles.c.id, attempts.c.started_at > func.coalesce(last, 0), *_OF_PROFILE)
        .order_by(attempts.c.started_at)
        .limit(1)
        .correlate(profiles)
        .scalar_subquery()
    )


def _latest(column: ColumnElement[Any], number: int) -> ScalarSelect[Any]:
    """Make the query for a column of the latest attempt but `number` that says something of the profile."""
    return (
        select(column)
        .where(
            attempts.c.profile_id == profiles.c.id,
            *_OF_PROFILE,
        )
        .order_by(attempts.c.started_at.desc())
        .limit(1)
        .offset(number)
        .correlate(profiles)
        .scalar_subquery()
    )


def _failing(row: RowMapping) -> str | None:
    """Return the newest reason when the latest attempts all failed."""
    outcomes = [row[f"outcome_{number}"] for number in range(FAILING_ATTEMPTS)]
    fine = (None, AttemptOutcome.TAKEN, AttemptOutcome.UNKNOWN)
    return None if any(outcome in fine for outcome in outcomes) else row["reason"] or "failed"
