"""Sealed credentials open in their own place and in no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from profiles.errors import CredentialUnreadable, KeyringInvalid
from profiles.sealing import Keyring, Place
from tests.profiles.conftest import key_text

HOME = Place(7, "smtp", "smtp.example.com", 465, "tls", "qa@example.com")
RING = Keyring.parse(key_text("k1", 1))

places = st.builds(
    Place,
    profile_id=st.integers(1, 2**31),
    service=st.sampled_from(["smtp", "imap"]),
    host=st.text(max_size=20),
    port=st.integers(1, 65535),
    security=st.sampled_from(["tls", "starttls", "none"]),
    username=st.text(max_size=20),
)


@given(secret=st.text(), place=places)
def test_what_was_sealed_opens_in_its_place(secret: str, place: Place) -> None:
    assume(not any(0xD800 <= ord(char) <= 0xDFFF for char in secret))
    assert RING.open(RING.seal(secret, place), place) == secret


@given(home=places, other=places)
def test_what_was_sealed_opens_in_no_other_place(home: Place, other: Place) -> None:
    assume(home != other)
    with pytest.raises(CredentialUnreadable) as caught:
        RING.open(RING.seal("secret", home), other)
    assert caught.value.reason == "not_its_own"


@pytest.mark.parametrize(
    "changes",
    [
        {"profile_id": 8},
        {"service": "imap"},
        {"host": "smtp.example.net"},
        {"port": 587},
        {"security": "starttls"},
        {"username": "other@example.com"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_credential_moved_elsewhere_does_not_open(changes: dict[str, object]) -> None:
    with pytest.raises(CredentialUnreadable, match="give it again"):
        RING.open(RING.seal("secret", HOME), replace(HOME, **changes))  # type: ignore[arg-type]


@given(st.data())
def test_an_altered_byte_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(RING.seal("secret", HOME))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CredentialUnreadable):
        RING.open(bytes(sealed), HOME)


@given(st.binary(max_size=80))
def test_bytes_that_were_never_sealed_do_not_open(garbage: bytes) -> None:
    with pytest.raises(CredentialUnreadable):
        RING.open(garbage, HOME)


def test_two_sealings_of_one_secret_differ() -> None:
    assert RING.seal("secret", HOME) != RING.seal("secret", HOME)


def test_the_first_key_seals_and_every_key_opens() -> None:
    old = RING.seal("secret", HOME)
    both = Keyring.parse(f"{key_text('k2', 2)},{key_text('k1', 1)}")
    assert both.newest == "k2"
    assert both.open(old, HOME) == "secret"
    with pytest.raises(CredentialUnreadable) as caught:
        RING.open(both.seal("secret", HOME), HOME)
    assert caught.value.reason == "key_missing"
    assert "k2" in str(caught.value)


def test_one_key_id_with_another_key_does_not_open() -> None:
    with pytest.raises(CredentialUnreadable):
        Keyring.parse(key_text("k1", 9)).open(RING.seal("secret", HOME), HOME)


def test_the_id_of_the_key_is_sealed_with_it() -> None:
    twins = Keyring.parse(f"{key_text('k1', 1)},{key_text('k2', 1)}")
    with pytest.raises(CredentialUnreadable):
        twins.open(twins.seal("secret", HOME).replace(b"k1", b"k2", 1), HOME)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no secret key"),
        (" , ", "no secret key"),
        ("justakey", "secret key 1 is not of the form"),
        ("k 1:AAAA", "secret key 1 is not of the form"),
        ("k1:%%%%", "secret key 1 is not base64"),
        ("k1:QUJD", "3 bytes instead of 32"),
        (f"{key_text('k1', 1)},{key_text('k1', 2)}", "secret key 2 has the id of an earlier one"),
        (f"{key_text('k1', 1)},k2:QUJD", "secret key 2 has 3 bytes"),
    ],
)
def test_a_broken_list_of_keys_is_refused_without_showing_it(text: str, says: str) -> None:
    with pytest.raises(KeyringInvalid, match=says) as caught:
        Keyring.parse(text)
    assert "QUJD" not in str(caught.value)


def test_a_keyring_shows_ids_and_no_key() -> None:
    assert repr(RING) == "Keyring(k1)"


def test_derived_keys_differ_by_purpose_and_come_newest_first() -> None:
    both = Keyring.parse(f"{key_text('k2', 2)},{key_text('k1', 1)}")
    newest, oldest = both.derive("message-id")
    assert len(newest) == 32
    assert [oldest] == RING.derive("message-id")
    assert newest != oldest
    assert RING.derive("message-id") != RING.derive("unsubscribe")
