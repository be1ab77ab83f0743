"""What a profile is used for: mails of 30 days, the last one, what waits, and whether sending fails."""

from __future__ import annotations

import pytest
from sqlalchemy import event, insert

from consumers.ledger.states import AttemptOutcome, DeliveryState
from consumers.ledger.tables import attempts
from consumers.views.usage import LedgerUsage
from profiles.profile import Profile, SmtpSettings
from profiles.usage import COUNTED_DAYS, Use
from tests.profiles.conftest import NOW, Books

DAY = 86_400_000
TAKEN, DEFERRED, REFUSED = AttemptOutcome.TAKEN, AttemptOutcome.DEFERRED, AttemptOutcome.REFUSED
UNKNOWN, STOPPED = AttemptOutcome.UNKNOWN, AttemptOutcome.STOPPED


@pytest.fixture
def profile(books: Books) -> Profile:
    kept = books.store.add(Profile(0, "QA", "qa@example.com", SmtpSettings("h", 25)))
    books.mail(kept, DeliveryState.SENT)
    return kept


def attempt(books: Books, profile: Profile, *tried: tuple[AttemptOutcome, int, str | None]) -> None:
    """Write attempts: outcome, milliseconds ago, reason."""
    with books.engine.begin() as connection:
        for number, (outcome, ago, reason) in enumerate(tried, 1):
            values = {"delivery_id": 1, "fence": number, "profile_id": profile.id, "outcome": outcome, "reason": reason}
            connection.execute(insert(attempts).values(**values, started_at=NOW - ago, ended_at=NOW - ago + 5))


def use(books: Books, profile: Profile) -> Use:
    return LedgerUsage(books.engine, lambda: NOW).by_profile()[profile.id]


def test_mails_of_the_last_30_days_are_counted_and_the_last_is_told(books: Books, profile: Profile) -> None:
    attempt(books, profile, (TAKEN, 31 * DAY, None), (TAKEN, 29 * DAY, None), (TAKEN, DAY, None), (DEFERRED, 9, "x"))
    books.mail(profile, *DeliveryState)

    days = [0] * COUNTED_DAYS
    days[1] = days[29] = 1
    assert use(books, profile) == Use(times=2, last=NOW - DAY + 5, waiting=5, days=tuple(days))


def test_since_when_a_profile_fails_is_the_first_failure_after_the_last_mail_taken(
    books: Books, profile: Profile
) -> None:
    failed = [(DEFERRED, ago * DAY, "timed_out") for ago in (9, 7)]
    attempt(books, profile, *failed, (TAKEN, 6 * DAY, None), (REFUSED, 5 * DAY, "recipient_unknown"))
    assert use(books, profile).since is None
    with books.engine.begin() as connection:
        connection.execute(
            insert(attempts),
            [
                {"delivery_id": 1, "fence": 10 + ago, "profile_id": profile.id, "outcome": DEFERRED,
                 "reason": "timed_out", "started_at": NOW - ago * DAY, "ended_at": NOW - ago * DAY}
                for ago in (4, 3, 2)
            ],
        )  # fmt: skip
    assert use(books, profile).since == NOW - 4 * DAY


def test_a_profile_that_was_never_used_has_a_use_too(books: Books) -> None:
    kept = books.store.add(Profile(0, "QA", "qa@example.com", SmtpSettings("h", 25)))
    assert use(books, kept) == Use()


@pytest.mark.parametrize(
    ("tried", "failing"),
    [
        ([(DEFERRED, 3, "timed_out"), (DEFERRED, 2, "timed_out"), (DEFERRED, 1, "connection_refused")], True),
        ([(DEFERRED, 2, "timed_out"), (DEFERRED, 1, "connection_refused")], False),
        ([(TAKEN, 4, None), *[(DEFERRED, ago, "connection_refused") for ago in (3, 2, 1)]], True),
        ([*[(DEFERRED, 9, "timed_out")] * 3, (TAKEN, 1, None)], False),
        ([(UNKNOWN, 3, None), *[(DEFERRED, 1, "connection_refused")] * 2], False),
        ([(REFUSED, 1, "recipient_unknown")] * 5, False),
        ([*[(DEFERRED, 9, "connection_refused")] * 3, *[(REFUSED, 1, "recipient_unknown")] * 5], True),
        ([*[(DEFERRED, 9, "connection_refused")] * 3, *[(STOPPED, 1, "message_unusable")] * 5], True),
    ],
)
def test_three_attempts_in_a_row_that_fail_for_the_profile_make_it_failing(
    books: Books, profile: Profile, tried: list[tuple[AttemptOutcome, int, str | None]], failing: bool
) -> None:
    attempt(books, profile, *tried)
    assert use(books, profile).failing == ("connection_refused" if failing else None)


# PostgreSQL's planner reads small tables as a whole, whatever indexes there are.
@pytest.mark.parametrize("books", ["sqlite"], indirect=True)
def test_no_table_of_the_ledger_is_read_as_a_whole(books: Books, profile: Profile) -> None:
    seen: list[str] = []

    @event.listens_for(books.engine, "before_cursor_execute")
    def note(connection, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT"):
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            seen.extend(str(row[3]) for row in plan)

    use(books, profile)
    assert any("attempt_profile" in step for step in seen)
    assert any("delivery_due" in step for step in seen)
    assert [step for step in seen if step.startswith(("SCAN attempt", "SCAN delivery"))] == []
