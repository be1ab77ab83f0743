"""The store of profiles on a real database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from profiles.errors import CredentialNeeded, CredentialUnreadable, ProfileExists, UnknownProfile
from profiles.last_test import LastTest
from profiles.profile import Limits, OnUncertain, Profile, Security, SmtpSettings
from profiles.sealing import Keyring
from profiles.store import Credentials, Draft, ProfileStore
from tests.profiles.conftest import Books, key_text

BOTH = Credentials(smtp="sesame-out", imap="sesame-in")


def test_a_profile_comes_back_as_it_was_kept(store: ProfileStore, draft: Profile) -> None:
    full = replace(
        draft,
        from_name="QA älerts",
        limits=Limits(3, 30, 1000),
        enabled=False,
        reply_to="answers@example.com",
        allowed_recipients=("example.com", "*.example.net"),
        timezone="Europe/Berlin",
        note="ask Ada",
        on_uncertain=OnUncertain.HOLD,
        failover="Spare",
        plus_addressing=True,
        authserv_id="mx.example.com",
        retention_days=30,
    )
    kept = store.add(full, BOTH)
    assert kept == replace(full, id=kept.id)
    assert store.get(kept.id) == kept
    assert store.by_name("QA alerts") == kept
    assert store.all() == [kept]


def test_credentials_open_for_their_own_service(store: ProfileStore, draft: Profile) -> None:
    kept = store.add(draft, BOTH)
    assert store.credential(kept, "smtp") == "sesame-out"
    assert store.credential(kept, "imap") == "sesame-in"


def test_no_credential_lies_readable_in_the_database(store: ProfileStore, draft: Profile, engine: Engine) -> None:
    store.add(draft, BOTH)
    path = engine.url.database
    assert path is not None
    with open(path, "rb") as file:
        assert b"sesame" not in file.read()


def test_a_profile_without_user_has_no_credential(store: ProfileStore, draft: Profile) -> None:
    kept = store.add(replace(draft, smtp=SmtpSettings("localhost", 25, Security.NONE), imap=None))
    assert store.credential(kept, "smtp") is None
    assert store.credential(kept, "imap") is None


@pytest.mark.parametrize("given", [None, ""], ids=["none", "blank"])
def test_a_user_without_a_password_is_refused(store: ProfileStore, draft: Profile, given: str | None) -> None:
    with pytest.raises(CredentialNeeded, match="imap password"):
        store.add(draft, Credentials(smtp="sesame-out", imap=given))
    assert store.all() == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"host": "smtp.example.net"}, "host"),
        ({"port": 587}, "port"),
        ({"security": Security.STARTTLS}, "security"),
        ({"username": "eve@example.com"}, "username"),
    ],
)
def test_a_changed_server_asks_for_the_password_again(
    store: ProfileStore, draft: Profile, changes: dict[str, object], named: str
) -> None:
    kept = store.add(draft, BOTH)
    changed = replace(kept, smtp=replace(kept.smtp, **changes))  # type: ignore[arg-type]
    with pytest.raises(CredentialNeeded, match="again") as caught:
        store.update(changed)
    assert caught.value.changed == (named,)
    assert store.get(kept.id) == kept, "nothing was changed"
    store.update(changed, Credentials(smtp="sesame-new"))
    assert store.credential(changed, "smtp") == "sesame-new"
    assert store.credential(changed, "imap") == "sesame-in", "the other service keeps its own"


def test_a_profile_value_with_another_host_does_not_get_the_password(store: ProfileStore, draft: Profile) -> None:
    kept = store.add(draft, BOTH)
    with pytest.raises(CredentialUnreadable):
        store.credential(replace(kept, smtp=replace(kept.smtp, host="evil.example.org")), "smtp")


def test_a_password_copied_to_another_row_does_not_open(store: ProfileStore, draft: Profile, engine: Engine) -> None:
    one = store.add(draft, BOTH)
    two = store.add(replace(draft, name="Two"), Credentials(smtp="other", imap="other"))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE profile SET smtp_sealed = (SELECT smtp_sealed FROM profile WHERE id = :one) WHERE id = :two"),
            {"one": one.id, "two": two.id},
        )
    with pytest.raises(CredentialUnreadable):
        store.credential(two, "smtp")


def test_other_changes_keep_the_password(store: ProfileStore, draft: Profile) -> None:
    kept = store.add(draft, BOTH)
    changed = replace(kept, name="QA", note="new", smtp=replace(kept.smtp, ca_file="/etc/ca.pem"))
    assert store.update(changed) == replace(changed, former_names=("QA alerts",))
    assert store.credential(changed, "smtp") == "sesame-out"


def test_leaving_the_user_out_forgets_the_password(store: ProfileStore, draft: Profile) -> None:
    kept = store.add(draft, BOTH)
    store.update(replace(kept, imap=None))
    with pytest.raises(CredentialNeeded):
        store.update(kept)


def test_a_name_is_taken_once(store: ProfileStore, draft: Profile) -> None:
    store.add(draft, BOTH)
    with pytest.raises(ProfileExists, match="QA alerts"):
        store.add(draft, BOTH)
    two = store.add(replace(draft, name="Two"), BOTH)
    with pytest.raises(ProfileExists):
        store.update(replace(two, name="QA alerts"))


def test_an_unknown_name_suggests_a_near_one(store: ProfileStore, draft: Profile) -> None:
    store.add(draft, BOTH)
    with pytest.raises(UnknownProfile, match="did you mean “QA alerts”"):
        store.by_name("QA alert")
    with pytest.raises(UnknownProfile):
        store.get(99)


def test_drafts_are_kept_all_or_none(store: ProfileStore, draft: Profile) -> None:
    with pytest.raises(CredentialNeeded):
        store.save([Draft(draft, BOTH), Draft(replace(draft, name="Two"))])
    assert store.all() == []


def test_the_last_test_is_kept_and_forgotten_when_the_server_changes(store: ProfileStore, draft: Profile) -> None:
    kept = store.add(draft, BOTH)
    assert store.last_tests() == {kept.id: {}}
    test = LastTest(at=5, reached="authenticate", reason="authentication_refused", certificate_expires=9)
    store.record_test(kept.id, "smtp", test)
    store.record_test(kept.id, "imap", LastTest(at=6, reached="idle"))
    assert store.last_tests() == {kept.id: {"smtp": test, "imap": LastTest(at=6, reached="idle")}}
    store.update(replace(kept, note="no change of server"))
    assert "smtp" in store.last_tests()[kept.id]
    store.update(replace(kept, smtp=replace(kept.smtp, port=587)), Credentials(smtp="sesame-out"))
    assert set(store.last_tests()[kept.id]) == {"imap"}


def test_a_lost_key_says_which_and_what_to_do(store: ProfileStore, draft: Profile, engine: Engine) -> None:
    kept = store.add(draft, BOTH)
    with pytest.raises(CredentialUnreadable, match="put that key back") as caught:
        ProfileStore(engine, Keyring.parse(key_text("k9", 9))).credential(kept, "smtp")
    assert caught.value.reason == "key_missing"


def test_credentials_do_not_show_themselves() -> None:
    assert "sesame" not in repr(Draft(Profile(0, "n", "a@example.com", SmtpSettings("h", 25)), BOTH))


def test_a_row_that_an_older_program_wrote_is_read(books: Books) -> None:
    names = ("name", "enabled", "from_address", "from_name", "recipients", "allowed_recipients", "timezone", "note")
    more = ("on_uncertain", "plus_addressing", "smtp_host", "smtp_port", "smtp_security", "imap_folders")
    values = "'Old', true, 'qa@example.com', '', '[]', '[]', 'UTC', '', 'resend', false, 'h', 25, 'none', '[]', 1, 1"
    with books.engine.begin() as connection:
        columns = ", ".join((*names, *more, "created_at", "updated_at"))
        connection.execute(text(f"INSERT INTO profile ({columns}) VALUES ({values})"))

    old = books.store.by_name("Old")
    assert (old.former_names, old.templates, old.credential_expires) == ((), None, None)
    with pytest.raises(UnknownProfile):
        books.store.by_name("Older still")
