"""The sender: From is one plain mailbox, or nobody may be taken for the sender."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.inbound.reading.header_block import read_headers
from consumers.inbound.reading.sender import Sender, SenderFault, read_sender


def sender_of(*values: str) -> Sender:
    return read_sender(read_headers("".join(f"From: {value}\n" for value in values).encode() + b"\n"))


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("ann@example.com", "ann@example.com"),
        ("<ann@example.com>", "ann@example.com"),
        ("Ann Berg <Ann@Example.com>", "Ann@example.com"),
        ("J. R. Berg <ann@example.com>", "ann@example.com"),
        ('"Berg, Ann (QA)" <ann@example.com>', "ann@example.com"),
        ('"Ann \\"QA\\" Berg" <ann@example.com>', "ann@example.com"),
        ('"lead@example.com" <ann@example.com>', "ann@example.com"),  # quoted: the brackets hold the address
        ("=?utf-8?q?M=C3=BCller?= <ann@example.com>", "ann@example.com"),
        ("Jürgen Müller <ann@example.com>", "ann@example.com"),
        ("Ann Berg (QA) <ann@example.com>", "ann@example.com"),
        ("ann@example.com (Ann Berg)", "ann@example.com"),
        ("Ann\n  Berg\n  <ann@example.com>", "ann@example.com"),
    ],
)
def test_a_plain_mailbox_is_the_sender(value: str, address: str) -> None:
    found = sender_of(value)

    assert found.fault is None
    assert found.address is not None
    assert found.address.wire == address


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("", SenderFault.NO_FROM),
        ("lead@example.com <mallory@example.net>", SenderFault.MALFORMED),
        ("Ann <ann@example.com> <mallory@example.net>", SenderFault.MALFORMED),
        ("Ann <ann@example.com>, Bob <bob@example.com>", SenderFault.SEVERAL_ADDRESSES),
        ("ann@example.com, bob@example.com", SenderFault.SEVERAL_ADDRESSES),
        ("team: ann@example.com, bob@example.com;", SenderFault.SEVERAL_ADDRESSES),
        ("ann@example.com(lead@example.com)", SenderFault.MALFORMED),
        ("ann(a(b)c)@example.com", SenderFault.MALFORMED),
        ("(" * 500 + "ann@example.com", SenderFault.MALFORMED),
        ("<@relay.example:ann@example.com>", SenderFault.UNUSABLE_ADDRESS),
        ("Ann <ann@example.com", SenderFault.MALFORMED),
        ("Ann ann@example.com", SenderFault.MALFORMED),
        ("Ann\x00 <ann@example.com>", SenderFault.MALFORMED),
        ("a" * 2000 + " <ann@example.com>", SenderFault.MALFORMED),
        ("Ann", SenderFault.UNUSABLE_ADDRESS),
        ("ann@localhost_", SenderFault.UNUSABLE_ADDRESS),
        ("ann@192.0.2.1", SenderFault.UNUSABLE_ADDRESS),
    ],
)
def test_anything_else_is_nobody(value: str, fault: SenderFault) -> None:
    assert sender_of(value) == Sender(None, fault)


def test_two_from_headers_are_nobody() -> None:
    assert sender_of("ann@example.com", "ann@example.com") == Sender(None, SenderFault.SEVERAL_FROM_HEADERS)
    assert sender_of() == Sender(None, SenderFault.NO_FROM)


@settings(deadline=None)
@given(st.text(max_size=100), st.text(max_size=100))
def test_no_name_around_an_address_makes_another_one_of_it(before: str, after: str) -> None:
    found = sender_of(f"{before.replace(chr(10), ' ')} <ann@example.com>{after.replace(chr(10), ' ')}")

    assert found.address is None or found.address.wire == "ann@example.com"
