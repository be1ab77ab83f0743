"""Seeding brings the database to what the file says: once, whole, and only as planned."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from profiles.errors import CredentialNeeded
from profiles.profile import ImapSettings, Profile, Security
from profiles.profiles_file import ProfilesFileWrong
from profiles.sealing import Keyring
from profiles.seed import Action, Change, make_plan
from profiles.store import Credentials, Draft, ProfileStore
from tests.profiles.conftest import key_text

BOTH = Credentials(smtp="sesame-out", imap="sesame-in")


def seed(store: ProfileStore, *drafts: Draft) -> list[Change]:
    plan = make_plan(store, drafts)
    store.save(plan.drafts)
    return list(plan.changes)


def test_seeding_twice_changes_nothing(store: ProfileStore, draft: Profile) -> None:
    assert seed(store, Draft(draft, BOTH)) == [Change("QA alerts", Action.CREATE)]
    assert seed(store, Draft(draft, BOTH)) == [Change("QA alerts", Action.UNCHANGED)]
    assert make_plan(store, [Draft(draft, BOTH)]).drafts == ()


def test_a_plan_alone_changes_nothing(store: ProfileStore, draft: Profile) -> None:
    make_plan(store, [Draft(draft, BOTH)])
    assert store.all() == []


def test_changed_settings_are_named_and_kept(store: ProfileStore, draft: Profile) -> None:
    seed(store, Draft(draft, BOTH))
    changed = replace(draft, note="new", from_name="QA", smtp=replace(draft.smtp, port=587))
    assert seed(store, Draft(changed, BOTH)) == [
        Change("QA alerts", Action.CHANGE, ("from", "note", "smtp.port", "smtp.password"))
    ]
    kept = store.by_name("QA alerts")
    assert kept == replace(changed, id=kept.id)
    assert store.credential(kept, "smtp") == "sesame-out"


def test_a_changed_password_is_named_and_not_shown(store: ProfileStore, draft: Profile) -> None:
    seed(store, Draft(draft, BOTH))
    [change] = seed(store, Draft(draft, Credentials("new-secret", "sesame-in")))
    assert change.fields == ("smtp.password",)
    assert store.credential(store.by_name("QA alerts"), "smtp") == "new-secret"
    assert "new-secret" not in repr(make_plan(store, [Draft(draft, Credentials("newer-secret", "sesame-in"))]))


def test_a_password_that_is_not_in_the_file_stays(store: ProfileStore, draft: Profile) -> None:
    seed(store, Draft(draft, BOTH))
    assert seed(store, Draft(replace(draft, note="new"))) == [Change("QA alerts", Action.CHANGE, ("note",))]
    assert store.credential(store.by_name("QA alerts"), "smtp") == "sesame-out"


def test_a_changed_server_needs_the_password_in_the_file(store: ProfileStore, draft: Profile) -> None:
    seed(store, Draft(draft, BOTH))
    moved = replace(draft, smtp=replace(draft.smtp, host="evil.example.org"))
    with pytest.raises(ProfilesFileWrong, match=r"smtp.password: .* again because host changed"):
        make_plan(store, [Draft(moved)])
    with pytest.raises(CredentialNeeded):
        store.save([Draft(replace(moved, id=store.by_name("QA alerts").id))])


def test_a_new_profile_with_a_user_needs_a_password(store: ProfileStore, draft: Profile) -> None:
    with pytest.raises(ProfilesFileWrong, match=r"profile “QA alerts”: smtp.password") as caught:
        make_plan(store, [Draft(draft)])
    assert len(caught.value.problems) == 2, "SMTP's and IMAP's"


def test_an_imap_side_that_comes_and_goes_is_named(store: ProfileStore, draft: Profile) -> None:
    without = replace(draft, imap=None)
    seed(store, Draft(without, Credentials("sesame-out")))
    assert seed(store, Draft(draft, BOTH))[0].fields == ("imap", "imap.password")
    assert seed(store, Draft(without, BOTH))[0].fields == ("imap",)


def test_profiles_the_file_does_not_name_are_left_alone(store: ProfileStore, draft: Profile) -> None:
    other = store.add(replace(draft, name="Other"), BOTH)
    seed(store, Draft(draft, BOTH))
    assert store.get(other.id) == other


@pytest.mark.parametrize(
    ("failovers", "says"),
    [
        ({"A": "Gone"}, "failover: there is no profile “Gone”"),
        ({"A": "B", "B": "A"}, r"goes in a circle \(A → B → A\)"),
        ({"A": "B", "B": "C", "C": "A"}, "A → B → C → A"),
    ],
)
def test_a_failover_must_exist_and_end(
    store: ProfileStore, draft: Profile, failovers: dict[str, str], says: str
) -> None:
    drafts = [Draft(replace(draft, name=name, failover=failovers.get(name)), BOTH) for name in "ABC"]
    with pytest.raises(ProfilesFileWrong, match=says):
        make_plan(store, drafts)


def test_a_failover_may_stand_in_the_database_or_further_down(store: ProfileStore, draft: Profile) -> None:
    store.add(replace(draft, name="Kept"), BOTH)
    drafts = [
        Draft(replace(draft, name="A", failover="B"), BOTH),
        Draft(replace(draft, name="B", failover="Kept"), BOTH),
    ]
    assert len(seed(store, *drafts)) == 2


def test_when_one_profile_cannot_be_kept_none_is(store: ProfileStore, draft: Profile) -> None:
    plan = make_plan(store, [Draft(draft, BOTH), Draft(replace(draft, name="Two"), BOTH)])
    store.add(replace(draft, name="Two"), BOTH)  # someone else was quicker
    with pytest.raises(Exception, match="exists already"):
        store.save(plan.drafts)
    assert [profile.name for profile in store.all()] == ["Two"]


def test_a_password_whose_key_is_lost_must_be_given_again(store: ProfileStore, draft: Profile, engine: Engine) -> None:
    seed(store, Draft(draft, BOTH))
    other = ProfileStore(engine, Keyring.parse(key_text("k9", 9)))
    with pytest.raises(ProfilesFileWrong, match=r"smtp.password"):
        make_plan(other, [Draft(draft)])
    [change] = seed(other, Draft(draft, BOTH))
    assert change.fields == ("smtp.password", "imap.password")
    assert other.credential(other.by_name("QA alerts"), "imap") == "sesame-in"


def test_a_plain_imap_profile_is_described_by_its_settings(store: ProfileStore, draft: Profile) -> None:
    seed(store, Draft(draft, BOTH))
    changed = replace(
        draft, imap=ImapSettings("imap.example.com", 993, Security.TLS, "qa@example.com", folders=("INBOX", "B"))
    )
    assert seed(store, Draft(changed, BOTH))[0].fields == ("imap.folders",)
