"""Every password goes under the first key; at any moment each is readable by the keys configured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from profiles.authors import PROGRAM
from profiles.errors import CredentialUnreadable
from profiles.profile import Profile, SmtpSettings
from profiles.resealing import KeyUse, Resealed, key_use, reseal
from profiles.sealing import UNKNOWN_KEY, Keyring, key_of
from profiles.store import Credentials, ProfileStore
from tests.profiles.conftest import Books, key_text

BOTH = Credentials(smtp="sesame-out", imap="sesame-in")
OLD, NEW = key_text("k1", 1), key_text("k2", 2)


def fill(books: Books, draft: Profile, count: int = 3) -> list[Profile]:
    return [books.store.add(replace(draft, name=f"P{number}"), BOTH) for number in range(count)]


def with_keys(books: Books, *keys: str) -> ProfileStore:
    return ProfileStore(books.engine, Keyring.parse(",".join(keys)))


def readable(store: ProfileStore) -> bool:
    return all(
        (store.credential(profile, "smtp"), store.credential(profile, "imap")) == ("sesame-out", "sesame-in")
        for profile in store.all()
        if profile.smtp.username is not None
    )


def test_everything_is_sealed_anew_and_the_old_key_may_go(books: Books, draft: Profile) -> None:
    fill(books, draft)
    books.store.add(Profile(0, "Relay", "a@x.org", SmtpSettings("h", 25)))
    both = with_keys(books, NEW, OLD)
    assert (key_use(both).waiting, key_use(both).unused) == (6, ())

    assert [done.services for done in reseal(both, PROGRAM)] == [("smtp", "imap")] * 3
    assert key_use(both) == KeyUse({"k2": 6}, ("k2", "k1"))
    assert key_use(both).unused == ("k1",)
    assert readable(with_keys(books, NEW))
    assert list(reseal(both, PROGRAM)) == [], "a second time there is nothing to do"
    entry = books.store.history("P0")[-1]
    assert (entry.action, entry.changes) == ("keys rotate", {"smtp.key": ["k1", "k2"], "imap.key": ["k1", "k2"]})


@pytest.mark.parametrize("steps", [1, 2])
def test_stopped_between_any_two_profiles_all_are_readable_and_the_rest_follows(
    books: Books, draft: Profile, steps: int
) -> None:
    fill(books, draft)
    both = with_keys(books, NEW, OLD)
    work = reseal(both, PROGRAM)
    for _ in range(steps):
        next(work)
    work.close()

    assert key_use(both).credentials == {"k2": 2 * steps, "k1": 6 - 2 * steps}
    assert readable(both)
    with pytest.raises(CredentialUnreadable):
        readable(with_keys(books, NEW))
    assert len(list(reseal(both, PROGRAM))) == 3 - steps
    assert readable(with_keys(books, NEW))


def test_a_password_whose_key_is_lost_is_named_and_left(books: Books, draft: Profile) -> None:
    fill(books, draft, 1)
    lost = with_keys(books, NEW)
    assert list(reseal(lost, PROGRAM)) == [Resealed("P0", (), ("smtp", "imap"))]
    assert key_use(lost).missing == ("k1",)
    assert readable(with_keys(books, NEW, OLD))


def test_a_profile_that_is_edited_meanwhile_keeps_its_new_password(books: Books, draft: Profile) -> None:
    first, second, _ = fill(books, draft)
    both = with_keys(books, NEW, OLD)
    work = reseal(both, PROGRAM)
    next(work)
    books.store.update(second, Credentials(smtp="newer"))
    list(work)
    assert both.credential(second, "smtp") == "newer"
    assert key_use(both).waiting == 0
    assert both.credential(first, "imap") == "sesame-in"


def test_the_key_of_foreign_bytes_is_unknown() -> None:
    for foreign in (b"", b"\x01", b"\x02\x02k1", b"\x01\x02\xff\xff", b"\x01\x03a,b"):
        assert key_of(foreign) == UNKNOWN_KEY
