"""Addresses and secrets of webhooks: what is refused, and where nothing is ever sent."""

from __future__ import annotations

import pytest

from profiles.errors import CredentialUnreadable, WebhookUnusable
from profiles.reach import not_public
from profiles.sealing import Keyring, Place, WebhookPlace
from profiles.webhook_address import new_secret, read_address, secret_bytes, shown_url

PRIVATE = [
    "127.0.0.1",
    "::1",
    "10.0.0.5",
    "192.168.1.2",
    "172.16.0.1",
    "100.64.0.1",
    "fd12::1",
    "::ffff:10.0.0.5",
    "64:ff9b::a00:5",
    "2002:a00:5::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_internet_is_refused(address: str) -> None:
    assert not_public(address) == "address_is_private"


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254"])
def test_what_no_mail_may_reach_no_webhook_reaches(address: str) -> None:
    assert not_public(address) == "address_is_link_local"


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800::1"])
def test_the_internet_is_reached(address: str) -> None:
    assert not_public(address) is None


@pytest.mark.parametrize(
    "url",
    [
        "ci.example.com/hook",
        "ftp://ci.example.com/",
        "https://",
        "https://user:secret@ci.example.com/",
        "https://ci.example.com/#part",
        "https://ci.example.com/a b",
        "https://ci.example.com/\r\nX: y",
        "https://ci.example.com\\@evil.example/",
        "https://ci.example.com:99999/",
        "https://" + "a" * 2050,
        "https://bücher.example/",
        "http://ci.example.com/",
        "http://localhost.evil.example/",
    ],
)
def test_what_is_no_usable_address_is_refused(url: str) -> None:
    with pytest.raises(WebhookUnusable):
        read_address(url, {"localhost"})


def test_an_address_is_read_as_a_request_needs_it() -> None:
    address = read_address("https://CI.example.com:8443/a/b?c=d", frozenset())
    plain = read_address("http://LOCALHOST", {"localhost"})

    assert (address.host, address.port, address.is_tls) == ("ci.example.com", 8443, True)
    assert (address.target, address.authority) == ("/a/b?c=d", "ci.example.com:8443")
    assert (plain.target, plain.authority, plain.port) == ("/", "localhost", 80)


def test_what_stands_in_a_query_is_not_shown() -> None:
    assert shown_url("https://ci.example.com/hook?token=abc") == "https://ci.example.com/hook?…"


def test_a_new_secret_is_one_and_no_other() -> None:
    first, second = new_secret(), new_secret()

    assert len(secret_bytes(first)) == 32
    assert first != second


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_YWJj", "whsec_" + "!" * 40, "A" * 44])
def test_what_is_too_short_or_no_secret_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(WebhookUnusable) as refused:
        secret_bytes(text)

    assert len(text) < 10 or text not in str(refused.value)


def test_a_sealed_secret_opens_for_its_webhook_and_address_alone() -> None:
    keyring = Keyring({"k1": bytes(32)})
    sealed = keyring.seal("s", WebhookPlace(3, "https://ci.example.com/"))

    assert keyring.open(sealed, WebhookPlace(3, "https://ci.example.com/")) == "s"
    for place in (
        WebhookPlace(4, "https://ci.example.com/"),
        WebhookPlace(3, "https://evil.example/"),
        Place(3, "smtp", "ci.example.com", 25, "tls", ""),
    ):
        with pytest.raises(CredentialUnreadable):
            keyring.open(sealed, place)
