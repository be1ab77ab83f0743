"""A new password is kept only when its test passes, or under force, and only for the server that was tested."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from profiles.authors import PROGRAM
from profiles.errors import ProfileChanged
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.rotating import Rotated, rotate
from profiles.sealing import Service
from profiles.store import Credentials
from tests.profiles.conftest import NOW, Books

BOTH = Credentials(smtp="sesame-out", imap="sesame-in")


class Server:
    """Takes the passwords it knows, and remembers what it was asked."""

    def __init__(self, *known: str) -> None:
        self.known = known
        self.asked: list[tuple[str, str]] = []

    def __call__(self, profile: Profile, service: Service, credential: str) -> LastTest:
        self.asked.append((service, credential))
        reason = None if credential in self.known else "authentication_refused"
        return LastTest(NOW, "authenticate", reason)


def turn(books: Books, kept: Profile, given: Credentials, server: Server, force: bool = False) -> Rotated:
    end = date(2027, 1, 31)
    return rotate(books.store, kept, given, run_test=server, force=force, expires=end, by=PROGRAM)


def test_a_password_that_passes_is_kept_with_its_test_and_its_end(books: Books, draft: Profile) -> None:
    kept = books.store.add(draft, BOTH)
    done = turn(books, kept, Credentials(smtp="new"), Server("new"))

    assert done == Rotated(True, {"smtp": LastTest(NOW, "authenticate")})
    after = books.store.get(kept.id)
    assert (books.store.credential(after, "smtp"), books.store.credential(after, "imap")) == ("new", "sesame-in")
    assert after.credential_expires == date(2027, 1, 31)
    assert books.store.last_tests()[kept.id] == done.tests
    entry = books.store.history(kept.name)[-1]
    assert (entry.action, entry.changes) == (
        "rotate",
        {"credential_expires": [None, "2027-01-31"], "smtp.password": "changed"},
    )


def test_a_password_that_fails_leaves_everything_as_it_was(books: Books, draft: Profile) -> None:
    kept = books.store.add(draft, BOTH)
    server = Server("new")
    done = turn(books, kept, Credentials(smtp="new", imap="wrong"), server)

    assert done.kept is False
    assert done.tests["imap"].reason == "authentication_refused"
    assert server.asked == [("smtp", "new"), ("imap", "wrong")]
    assert books.store.credential(kept, "smtp") == "sesame-out", "both or none"
    assert books.store.last_tests()[kept.id] == {}
    assert [entry.action for entry in books.store.history(kept.name)] == ["new"]


def test_force_keeps_it_and_records_that_it_fails(books: Books, draft: Profile) -> None:
    kept = books.store.add(draft, BOTH)
    assert turn(books, kept, Credentials(smtp="wrong"), Server(), force=True).kept
    assert books.store.credential(kept, "smtp") == "wrong"
    assert books.store.last_tests()[kept.id]["smtp"].reason == "authentication_refused"


def test_a_password_tested_at_one_server_is_not_kept_for_another(books: Books, draft: Profile) -> None:
    kept = books.store.add(draft, BOTH)
    moved = replace(kept, smtp=replace(kept.smtp, host="other.example.com"))
    books.store.update(moved, Credentials(smtp="for-other"))

    with pytest.raises(ProfileChanged, match=r"smtp\.host"):
        turn(books, kept, Credentials(smtp="new"), Server("new"))
    assert books.store.credential(moved, "smtp") == "for-other"
