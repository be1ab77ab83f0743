"""Tokens: the signed local part of a Message-ID."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.outbound.tokens import DAY_MILLISECONDS, LIFETIME_DAYS, is_genuine, make_token, read_token

KEY, OTHER = b"k" * 32, b"o" * 32
ids = st.integers(0, 2**48 - 1)
moments = st.integers(0, 4 * 10**12)


@given(ids, st.text(), moments)
def test_a_token_is_forty_lower_case_characters_and_says_its_delivery(
    delivery_id: int, recipient: str, now: int
) -> None:
    token = make_token(KEY, delivery_id, recipient, now)

    assert len(token) == 40
    assert token == token.lower()
    assert token.isalnum()
    facts = read_token(token.upper())
    assert facts is not None
    assert facts.delivery_id == delivery_id
    assert is_genuine(facts, [OTHER, KEY], recipient, now)


@given(ids, moments)
def test_a_token_is_of_no_use_to_another_recipient_key_or_time(delivery_id: int, now: int) -> None:
    facts = read_token(make_token(KEY, delivery_id, "a@example.com", now))

    assert facts is not None
    assert not is_genuine(facts, [KEY], "b@example.com", now)
    assert not is_genuine(facts, [OTHER], "a@example.com", now)
    assert not is_genuine(facts, [KEY], "a@example.com", now + (LIFETIME_DAYS + 1) * DAY_MILLISECONDS)


@given(ids, moments, st.integers(0, 39), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_token_with_one_character_changed_is_not_genuine(delivery_id: int, now: int, at: int, char: str) -> None:
    token = make_token(KEY, delivery_id, "a@example.com", now)
    changed = token[:at] + char + token[at + 1 :]

    facts = read_token(changed)

    assert changed == token or facts is None or not is_genuine(facts, [KEY], "a@example.com", now)


@given(st.text(max_size=60))
def test_reading_anything_as_a_token_never_raises(text: str) -> None:
    read_token(text)


@given(st.binary(min_size=24, max_size=24))
def test_the_octets_of_a_token_are_those_of_its_base32(octets: bytes) -> None:
    facts = read_token(base64.b32encode(b"\x01" + octets).decode())

    assert facts is not None
    assert facts.octets == b"\x01" + octets


@pytest.mark.parametrize("strange", ["_", " ", "+", "-", "1", "ſ", "\n", "İ"])
def test_a_text_with_a_character_that_base32_has_not_is_no_token(strange: str) -> None:
    token = make_token(KEY, 7, "a@example.com", 0)

    assert [
        read_token(strange + token[1:]),
        read_token(token[:9] + strange + token[10:]),
        read_token(token[:-1] + strange),
    ] == [None] * 3
