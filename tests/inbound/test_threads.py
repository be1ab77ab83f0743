"""What ties a mail to a delivery: tokens in addresses, Message-IDs and subjects, and the mail that came back."""

from __future__ import annotations

import pytest

from consumers.inbound.reading.header_block import read_headers
from consumers.inbound.reading.threads import FoundIn, Threads, read_threads, unsubscribe_token
from consumers.outbound.tokens import make_token

TOKEN = make_token(bytes(32), 7, "ann@example.com", 0)
OTHER = make_token(bytes(32), 8, "bob@example.com", 0)


def threads_of(headers: str, subject: str = "", returned: str = "") -> Threads:
    return read_threads(read_headers(headers.encode() + b"\n"), subject, returned)


@pytest.mark.parametrize(
    "header",
    [
        f"To: QA alerts <qa+{TOKEN}@example.org>",
        f"To: other@example.org, qa+{TOKEN}@example.org",
        f"Cc: qa+{TOKEN.upper()}@example.org",
        f"Delivered-To: qa+{TOKEN}@example.org",
        f"X-Original-To: qa+{TOKEN}@example.org",
        f"Envelope-To: qa+{TOKEN}@example.org",
        f"Received: from a by b for <qa+{TOKEN}@example.org>;\n Mon, 30 Nov 2026 10:00:00 +0100",
    ],
)
def test_a_plus_address_is_found_wherever_servers_write_it(header: str) -> None:
    (clue,) = threads_of(f"{header}\n").tokens

    assert (clue.token, clue.found_in) == (TOKEN, FoundIn.PLUS_ADDRESS)


@pytest.mark.parametrize(
    "value",
    [
        f"<old@example.com> <{TOKEN}@example.org>",
        f"<old@example.com>,<{TOKEN}@example.org>",
        f"<old@example.com>,\n <{TOKEN}@example.org>",
        f"old@example.com {TOKEN}@example.org",
    ],
)
def test_references_are_read_however_they_are_joined(value: str) -> None:
    found = threads_of(f"References: {value}\n")

    assert [clue.token for clue in found.tokens] == [TOKEN]
    assert found.message_ids == (f"{TOKEN}@example.org", "old@example.com")


def test_the_address_comes_before_the_answered_mail_and_that_before_older_ones() -> None:
    third = make_token(bytes(32), 9, "cat@example.com", 0)
    found = threads_of(
        f"To: qa+{third}@example.org\nIn-Reply-To: <{TOKEN}@example.org>\nReferences: <{OTHER}@example.org>\n"
    )

    assert [clue.token for clue in found.tokens] == [third, TOKEN, OTHER]


@pytest.mark.parametrize("local", ["a" * 40, TOKEN[:-1], TOKEN + "a", "1" * 40, TOKEN.replace(TOKEN[0], "z", 1)])
def test_what_has_not_the_form_of_a_token_is_none(local: str) -> None:
    assert threads_of(f"To: qa+{local}@example.org\nIn-Reply-To: <{local}@example.org>\n").tokens == ()


def test_the_mail_that_came_back_gives_its_own_id_and_reply_address() -> None:
    by_id = threads_of("", returned=f"Subject: x\nMessage-ID: <{TOKEN}@example.org>\n")
    by_address = threads_of("", returned=f"Message-ID: <new@relay.example>\nReply-To: qa+{TOKEN}@example.org\n")
    quoted = threads_of("", returned=f"> Subject: x\n> Message-Id:\n>  <{TOKEN}@example.org>\n")

    for found in (by_id, by_address, quoted):
        assert [(clue.token, clue.found_in) for clue in found.tokens] == [(TOKEN, FoundIn.RETURNED_MAIL)]
    assert by_address.message_ids == ("new@relay.example",)


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        (f"unsubscribe {TOKEN}", True),
        (f"Unsubscribe  {TOKEN.upper()} ", True),
        (f"Re: unsubscribe {TOKEN}", False),
        (f"unsubscribe {TOKEN} please", False),
        ("unsubscribe", False),
        ("unsubscribe " + "a" * 40, False),
    ],
)
def test_an_unsubscription_is_exact(subject: str, found: bool) -> None:
    assert unsubscribe_token(subject) == (TOKEN if found else None)
