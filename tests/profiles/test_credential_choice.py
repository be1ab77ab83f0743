"""Which password unsaved settings may be tested with: never the kept one against another server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from profiles.credential_choice import usable_credential
from profiles.drafts import Credentials
from profiles.errors import CredentialNeeded
from profiles.profile import Profile, Security
from profiles.store import ProfileStore


@pytest.fixture
def kept(store: ProfileStore, draft: Profile) -> Profile:
    return store.add(draft, Credentials("sesame", "open"))


def test_the_kept_one_is_used_while_its_server_stays(store: ProfileStore, kept: Profile) -> None:
    after = replace(kept, name="Other", recipients=())
    assert usable_credential(store, kept, after, "smtp", None) == "sesame"
    assert usable_credential(store, kept, after, "imap", None) == "open"
    assert usable_credential(store, kept, after, "smtp", "typed") == "typed"


@pytest.mark.parametrize(
    ("setting", "value"),
    [("host", "evil.example"), ("port", 587), ("security", Security.STARTTLS), ("username", "someone@example.com")],
)
def test_a_change_of_what_it_is_bound_to_asks_for_it_again(
    store: ProfileStore, kept: Profile, setting: str, value: object
) -> None:
    after = replace(kept, smtp=replace(kept.smtp, **{setting: value}))
    with pytest.raises(CredentialNeeded) as asked:
        usable_credential(store, kept, after, "smtp", None)
    assert asked.value.changed == (setting,)
    assert usable_credential(store, kept, after, "smtp", "typed") == "typed"


def test_a_new_profile_needs_one_and_a_service_without_a_user_none(store: ProfileStore, draft: Profile) -> None:
    with pytest.raises(CredentialNeeded):
        usable_credential(store, None, draft, "smtp", None)
    open_relay = replace(draft, smtp=replace(draft.smtp, username=None))
    assert usable_credential(store, None, open_relay, "smtp", "typed") is None
