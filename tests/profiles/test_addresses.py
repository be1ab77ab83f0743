"""Addresses are read strictly: what is accepted cannot carry anything beside itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.addresses import UnusableAddress, is_allowed, read_address

ANYTHING = st.one_of(
    st.text(max_size=40),
    st.emails(),
    st.from_regex(r"[!-~ ]{1,12}@[!-~ ]{1,20}", fullmatch=True),
    st.builds("{}@{}".format, st.text(max_size=12), st.text(max_size=20)),
)


@given(ANYTHING)
def test_what_is_accepted_never_ends_a_command_or_opens_another(text: str) -> None:
    try:
        address = read_address(text)
    except UnusableAddress:
        return
    assert address.wire.isascii()
    assert not set(address.wire) & set('\r\n\0\t <>"(),;:\\[]')
    assert address.wire.count("@") == 1
    assert len(address.wire) <= 254


@given(ANYTHING)
def test_reading_what_goes_on_the_wire_gives_the_same_address(text: str) -> None:
    try:
        address = read_address(text)
    except UnusableAddress:
        return
    assert read_address(address.wire) == address


@pytest.mark.parametrize(
    ("text", "wire", "key"),
    [
        ("team@example.com", "team@example.com", "team@example.com"),
        ("Team@Example.COM", "Team@example.com", "team@example.com"),
        (" qa+x@example.com ", "qa+x@example.com", "qa+x@example.com"),
        ("qa@bücher.example", "qa@xn--bcher-kva.example", "qa@xn--bcher-kva.example"),
        ("root@localhost", "root@localhost", "root@localhost"),
    ],
)
def test_a_usable_address_has_one_form_for_the_wire_and_one_for_comparing(text: str, wire: str, key: str) -> None:
    address = read_address(text)
    assert (address.wire, address.key) == (wire, key)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty_address"),
        ("   ", "empty_address"),
        ("nobody", "no_domain"),
        ("@example.com", "no_domain"),
        ("a@", "no_domain"),
        ("a b@example.com", "bad_local_part"),
        ('"a b"@example.com', "bad_local_part"),
        ("a@b@example.com", "bad_local_part"),
        ("ä@example.com", "bad_local_part"),
        (".a@example.com", "bad_local_part"),
        ("a..b@example.com", "bad_local_part"),
        ("a@example..com", "bad_domain"),
        ("a@-x.com", "bad_domain"),
        ("a@10.0.0.1", "bad_domain"),
        ("a@[10.0.0.1]", "bad_domain"),
        ("a@exa mple.com", "bad_domain"),
        ("a@example.com>", "bad_domain"),
        ("a\r\n@example.com", "control_character"),
        ("a@example.com\x00", "control_character"),
        ("a" * 65 + "@example.com", "address_too_long"),
        ("a@" + ".".join(["x" * 60] * 5), "bad_domain"),
        ("a" * 64 + "@" + ".".join(["x" * 60] * 4), "address_too_long"),
    ],
)
def test_an_unusable_address_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(UnusableAddress) as caught:
        read_address(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("allowed", "address", "answer"),
    [
        ((), "a@anywhere.org", True),
        (("example.com",), "a@example.com", True),
        (("example.com",), "a@EXAMPLE.com", True),
        (("example.com",), "a@sub.example.com", False),
        (("example.com",), "a@badexample.com", False),
        (("*.example.com",), "a@sub.example.com", True),
        (("*.example.com",), "a@example.com", False),
        (("*.example.com",), "a@badexample.com", False),
        (("Team@example.com",), "team@example.com", True),
        (("team@example.com",), "other@example.com", False),
        (("bücher.example",), "a@xn--bcher-kva.example", True),
        (("a@x.org", "example.com"), "b@example.com", True),
    ],
)
def test_a_profile_writes_only_where_it_may(allowed: tuple[str, ...], address: str, answer: bool) -> None:
    assert is_allowed(read_address(address), allowed) == answer
