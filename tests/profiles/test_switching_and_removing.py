"""What waits for a profile follows it: held and released with it, moved or failed when it is removed."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from consumers.ledger.claiming import ClaimRequest, claim
from consumers.ledger.deciding import NotPossible, retry
from consumers.ledger.planning import make_store_plans
from consumers.ledger.plans import Plan, PlannedDelivery
from consumers.ledger.states import DeliveryState, EventState
from consumers.ledger.sweeping import sweep
from consumers.ledger.tables import events
from consumers.ledger.waiting import LedgerWaiting
from profiles.authors import PROGRAM, Author
from profiles.errors import ProfileInUse, UnknownProfile
from profiles.profile import Limits, Profile, SmtpSettings
from profiles.removing import Destination, GiveUp, MoveTo, Removed, remove
from profiles.switching import Switched, switch
from profiles.waiting import Moved
from tests.profiles.conftest import NOW, Books

PENDING, DEFERRED, HELD = DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.HELD
SENDING, SENT, UNCERTAIN = DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN


def make(books: Books, name: str = "QA", **more: object) -> Profile:
    smtp = SmtpSettings("relay.example.com", 25)
    return books.store.add(replace(Profile(0, name, "qa@example.com", smtp), **more))  # type: ignore[arg-type]


def turn(books: Books, enabled: bool, name: str = "QA") -> Switched:
    return switch(books.store, name, enabled=enabled, waiting=LedgerWaiting(), by=PROGRAM)


def take_away(books: Books, destination: Destination = None, name: str = "QA") -> Removed:
    by = Author("ada", "cli")
    return remove(books.store, name, waiting=LedgerWaiting(), destination=destination, by=by)


def test_disabling_holds_what_waits_at_once_and_enabling_releases_it(books: Books) -> None:
    profile, other = make(books), make(books, "Other")
    books.mail(profile, PENDING, DEFERRED, SENT, SENDING)
    books.mail(profile, HELD, reason="held_by_person")
    books.mail(other, PENDING)

    off = turn(books, False)
    assert (off.changed, off.mails, off.profile.enabled) == (True, 2, False)
    held = ("QA", "held", "profile_disabled")
    rest = [("QA", "sent", None), ("QA", "sending", None), ("QA", "held", "held_by_person"), ("Other", "pending", None)]
    assert books.mails() == [held, held, *rest]

    on = turn(books, True)
    assert (on.changed, on.mails) == (True, 2)
    assert books.mails() == [("QA", "pending", None)] * 2 + rest
    assert [entry.action for entry in books.store.history("QA")] == ["new", "disable", "enable"]


def test_switching_to_what_it_is_already_changes_nothing(books: Books) -> None:
    make(books)
    assert turn(books, True).changed is False
    assert [entry.action for entry in books.store.history("QA")] == ["new"]


def test_the_sweep_does_what_switching_left_undone(books: Books) -> None:
    profile = make(books)
    books.mail(profile, PENDING)
    books.store.update(replace(profile, enabled=False))
    with books.engine.begin() as connection:
        sweep(connection, NOW)
    assert books.mails() == [("QA", "held", "profile_disabled")]
    books.store.update(profile)
    with books.engine.begin() as connection:
        assert sweep(connection, NOW).due_profiles == (profile.id,)


@pytest.mark.parametrize("state", [PENDING, DEFERRED, HELD, UNCERTAIN])
def test_a_profile_for_which_mail_waits_is_not_removed(books: Books, state: DeliveryState) -> None:
    profile = make(books)
    books.mail(profile, state, SENT)

    with pytest.raises(ProfileInUse, match=f"1 {state}") as caught:
        take_away(books)
    assert caught.value.reason == "mail_waits"
    assert books.store.get(profile.id) == profile


@pytest.mark.parametrize("destination", [None, MoveTo("Spare"), GiveUp()])
def test_a_mail_that_is_being_sent_keeps_its_profile(books: Books, destination: Destination) -> None:
    profile = make(books)
    make(books, "Spare")
    books.mail(profile, PENDING, SENDING)

    with pytest.raises(ProfileInUse, match="1 mails of “QA” are being sent"):
        take_away(books, destination)
    assert [state for _, state, _ in books.mails()] == ["pending", "sending"]


def test_waiting_mail_moves_to_another_profile_as_far_as_that_may_write(books: Books) -> None:
    profile = make(books)
    make(books, "Spare", allowed_recipients=("example.com",))
    books.mail(profile, PENDING, DEFERRED, UNCERTAIN, SENT)
    books.mail(profile, HELD, reason="profile_disabled")
    books.mail(profile, HELD, reason="held_by_person")
    books.mail(profile, PENDING, recipient="eve@elsewhere.example.org")

    assert take_away(books, MoveTo("Spare")).moved == Moved(moved=5, suppressed=1)
    assert books.mails() == [
        ("Spare", "pending", None),
        ("Spare", "deferred", None),
        ("Spare", "uncertain", None),
        ("QA", "sent", None),
        ("Spare", "pending", None),
        ("Spare", "held", "held_by_person"),
        ("QA", "suppressed", "recipient_not_allowed"),
    ]
    with pytest.raises(UnknownProfile):
        books.store.by_name("QA")


def test_a_hold_without_a_reason_ends_with_the_move(books: Books) -> None:
    profile = make(books)
    make(books, "Spare")
    books.mail(profile, HELD)
    take_away(books, MoveTo("Spare"))
    assert books.mails() == [("Spare", "pending", None)]


def test_waiting_mail_fails_with_its_profile_when_told_so_and_is_not_tried_again(books: Books) -> None:
    profile = make(books)
    books.mail(profile, PENDING, UNCERTAIN, HELD, SENT)

    assert take_away(books, GiveUp()).failed == 3
    assert books.mails() == [("QA", "failed", "profile_removed")] * 3 + [("QA", "sent", None)]
    with books.engine.begin() as connection, pytest.raises(NotPossible, match="was removed"):
        retry(connection, 1, NOW)


def test_what_it_was_stays_in_its_history(books: Books) -> None:
    profile = make(books, note="Ada's")
    books.mail(profile, PENDING)
    take_away(books, GiveUp())

    entry = books.store.history("QA")[-1]
    assert (entry.action, entry.author.who, entry.changes["mail"]) == ("remove", "ada", {"failed": 1})
    assert entry.changes["note"] == ["Ada's", None]


def test_a_failover_is_not_removed_and_its_users_are_named(books: Books) -> None:
    make(books)
    make(books, "A", failover="QA")
    make(books, "B", failover="QA")

    with pytest.raises(ProfileInUse, match="is the failover of “A”, “B”") as caught:
        take_away(books, GiveUp())
    assert caught.value.reason == "is_failover"


@pytest.mark.parametrize("to", ["QA", "Gone"])
def test_mail_moves_only_to_another_profile_that_is_there(books: Books, to: str) -> None:
    profile = make(books)
    books.mail(profile, PENDING)
    with pytest.raises((ProfileInUse, UnknownProfile)):
        take_away(books, MoveTo(to))
    assert books.store.get(profile.id) == profile


def test_an_event_planned_for_a_profile_that_was_removed_meanwhile_is_planned_anew(books: Books) -> None:
    profile = make(books)
    books.mail(profile, SENT)
    with books.engine.begin() as connection:
        connection.execute(events.update().values(state=EventState.ACCEPTED))
    take_away(books)
    plan = Plan(
        1, EventState.PLANNED, NOW, profile=profile, deliveries=(PlannedDelivery("b@x.org", "b@x.org", PENDING),)
    )

    with books.engine.begin() as connection:
        [outcome] = make_store_plans(lambda *_: "m", 30)(connection, [plan])
        assert outcome.written is False
        assert connection.execute(events.select()).one().state == "accepted"


def test_two_admins_who_remove_two_profiles_into_each_other_do_not_hang(books: Books) -> None:
    for name in ("A", "B"):
        books.mail(make(books, name), PENDING)
    outcomes: list[str] = []

    def go(name: str, to: str) -> None:
        try:
            take_away(books, MoveTo(to), name)
            outcomes.append("removed")
        except (UnknownProfile, ProfileInUse) as error:
            outcomes.append(type(error).__name__)

    admins = [threading.Thread(target=go, args=pair) for pair in (("A", "B"), ("B", "A"))]
    for admin in admins:
        admin.start()
    for admin in admins:
        admin.join(60)
    assert sorted(outcomes) == ["UnknownProfile", "removed"]
    (profile,) = books.store.all()
    assert [name for name, _, _ in books.mails()] == [profile.name] * 2


class ClaimedMeanwhile(LedgerWaiting):
    """Waiting mail of which a worker claims one just before the rest is given up."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def fail(self, connection: Connection, profile_id: int, now: int) -> int:
        with self.books.engine.begin() as worker:
            claim(worker, [ClaimRequest(profile_id, "worker", 1, 60, NOW, Limits())])
        return super().fail(connection, profile_id, now)


# On SQLite the remover's transaction keeps every worker waiting.
@pytest.mark.parametrize("books", [pytest.param("postgresql", marks=pytest.mark.real("postgresql"))], indirect=True)
def test_a_mail_claimed_at_the_last_moment_keeps_its_profile(books: Books) -> None:
    profile = make(books)
    books.mail(profile, PENDING, PENDING)

    with pytest.raises(ProfileInUse) as caught:
        remove(books.store, "QA", waiting=ClaimedMeanwhile(books), destination=GiveUp(), by=PROGRAM)
    assert caught.value.reason == "mail_in_flight"
    assert [state for _, state, _ in books.mails()] == ["sending", "pending"]
    assert books.store.get(profile.id) == profile
