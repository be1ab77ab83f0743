"""The audit trail: every change through the store has an entry, with its author and without any secret."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from profiles.authors import Author
from profiles.drafts import Credentials, Draft
from profiles.errors import CredentialNeeded, ProfileChanged, ProfileExists, UnknownProfile
from profiles.noted_tests import note_test
from profiles.profile import Profile, SmtpSettings
from profiles.seed import make_plan
from profiles.store import ProfileStore
from profiles.trail import Deed, latest
from tests.profiles.conftest import NOW, Books

BOTH = Credentials(smtp="sesame-out", imap="sesame-in")
ADA = Author("ada", "cli", "host-1")


def story(store: ProfileStore, name: str = "QA alerts") -> list[tuple[str, dict[str, object]]]:
    return [(entry.action, dict(entry.changes)) for entry in store.history(name)]


def test_every_kind_of_change_says_what_was_and_what_is(books: Books, draft: Profile) -> None:
    store = books.store
    kept = store.add(draft, BOTH, by=ADA)
    changed = replace(kept, note="ask Ada", smtp=replace(kept.smtp, port=587), credential_expires=date(2027, 1, 31))
    store.update(changed, Credentials(smtp="sesame-new"), by=ADA)
    plan = make_plan(store, [Draft(replace(changed, note=""))])
    store.save(plan.drafts, by=Author("bob", "cli", "host-2"))

    new, edit, seed = store.history("QA alerts")
    assert (new.action, new.author, new.at, new.profile_id) == ("new", ADA, NOW, kept.id)
    assert new.changes["smtp.host"] == [None, "smtp.example.com"]
    assert new.changes["smtp.password"] == "changed"
    assert "timezone" not in new.changes, "what goes without saying"
    assert edit.changes == {
        "note": [None, "ask Ada"],
        "credential_expires": [None, "2027-01-31"],
        "smtp.port": [465, 587],
        "smtp.password": "changed",
    }
    assert (seed.action, seed.author.who, seed.changes) == ("seed", "bob", {"note": ["ask Ada", None]})


def test_no_secret_is_ever_in_it(books: Books, draft: Profile) -> None:
    kept = books.store.add(draft, BOTH)
    books.store.update(kept, Credentials("sesame-new", "sesame-newer"))

    assert "sesame" not in json.dumps([dict(entry.changes) for entry in books.store.history(kept.name)])


def test_a_change_that_is_refused_leaves_no_entry_and_one_that_changes_nothing_neither(
    books: Books, draft: Profile
) -> None:
    kept = books.store.add(draft, BOTH)
    with pytest.raises(CredentialNeeded):
        books.store.update(replace(kept, smtp=replace(kept.smtp, host="evil.example.org")))
    books.store.update(kept)

    assert [action for action, _ in story(books.store)] == ["new"]


def test_a_renamed_profile_is_found_by_both_names_until_another_takes_the_old_one(books: Books, draft: Profile) -> None:
    store = books.store
    kept = store.add(draft, BOTH)
    follower = store.add(replace(draft, name="B", failover="QA alerts"), BOTH)
    renamed = store.update(replace(kept, name="Checkout"), deed=Deed.RENAME)

    assert renamed.former_names == ("QA alerts",)
    assert store.by_name("QA alerts") == store.by_name("Checkout") == store.exact("Checkout") == renamed
    with pytest.raises(UnknownProfile, match="is called “Checkout” now"):
        store.exact("QA alerts")
    assert store.get(follower.id).failover == "Checkout", "who fails over to it follows"
    assert story(store, "B")[-1] == ("edit", {"failover": ["QA alerts", "Checkout"]})
    assert (
        story(store, "Checkout")[-1] == story(store, "QA alerts")[-1] == ("rename", {"name": ["QA alerts", "Checkout"]})
    )

    again = store.add(draft, BOTH)
    assert store.by_name("QA alerts") == again
    assert store.get(kept.id).former_names == ()


def test_a_profile_that_gets_its_old_name_back_no_longer_had_it(books: Books, draft: Profile) -> None:
    kept = books.store.add(draft, BOTH)
    there = books.store.update(replace(kept, name="Checkout"))
    back = books.store.update(replace(there, name="QA alerts"))

    assert back.former_names == ("Checkout",)
    with pytest.raises(ProfileExists):
        books.store.update(replace(books.store.add(replace(draft, name="Two"), BOTH), name="QA alerts"))


def test_seeding_the_old_name_of_a_renamed_profile_is_refused(books: Books, draft: Profile) -> None:
    kept = books.store.add(draft, BOTH)
    books.store.update(replace(kept, name="Checkout"))

    with pytest.raises(Exception, match="“QA alerts” is called “Checkout” now"):
        make_plan(books.store, [Draft(draft, BOTH)])


def test_of_two_admins_who_edit_one_profile_the_slower_is_told(books: Books, draft: Profile) -> None:
    seen = books.store.add(draft, BOTH)
    books.store.update(replace(seen, note="from the first"), before=seen)

    with pytest.raises(ProfileChanged, match=r"changed meanwhile \(note\)"):
        books.store.update(replace(seen, timezone="Europe/Berlin"), before=seen)
    assert books.store.get(seen.id).note == "from the first"


def test_the_history_of_an_unknown_name_is_an_error(books: Books, draft: Profile) -> None:
    books.store.add(draft, BOTH)
    with pytest.raises(UnknownProfile, match="did you mean “QA alerts”"):
        books.store.history("QA alert")


def test_the_latest_entries_are_read_in_steps_of_one_profile_or_of_all(books: Books) -> None:
    one = books.store.add(Profile(0, "One", "qa@example.com", SmtpSettings("h", 25)))
    books.store.add(Profile(0, "Two", "qa@example.com", SmtpSettings("h", 25)))
    books.store.update(replace(one, note="a"))
    with books.store.reading() as session:
        every = latest(session, None, 2)
        assert [(entry.profile, entry.action) for entry in every] == [("One", "edit"), ("Two", "new")]
        assert [entry.profile for entry in latest(session, None, 2, before=every[-1].id)] == ["One"]
        assert [entry.action for entry in latest(session, "One", 5)] == ["edit", "new"]


def test_a_test_is_noted_with_its_servers_and_found_by_its_name_alone(books: Books) -> None:
    unsaved = Profile(0, "One", "qa@example.com", SmtpSettings("h", 25))
    note_test(books.store, unsaved, ["smtp", "imap"], Author("ada", "page"), mail_to="me@example.com")
    note_test(books.store, replace(unsaved, name="Two"), ["smtp"], Author("ada", "page"))
    (entry,) = books.store.history("One")
    assert (entry.action, entry.profile_id, entry.author.who) == ("test", 0, "ada")
    assert entry.changes == {"smtp server": [None, "h:25 (tls)"], "test mail to": [None, "me@example.com"]}
