"""Answers to FETCH in the plain form are read as imapclient reads them; any other form is left to it."""

from __future__ import annotations

from typing import Any

import pytest
from imapclient.response_parser import parse_fetch_response

from profiles.fetch_answers import plain_answers

LISTED = b'1 (UID 7 RFC822.SIZE 12382 INTERNALDATE "27-Nov-2026 05:00:00 +0100")'


@pytest.mark.parametrize(
    "pieces",
    [
        [LISTED],
        [LISTED, b'2 (RFC822.SIZE 1 INTERNALDATE " 7-Feb-2026 23:59:59 -0930" UID 8)'],
        [b'1 (INTERNALDATE "31-Feb-2026 05:00:00 +0000" UID 7 RFC822.SIZE 1)'],
        [(b"1 (UID 7 BODY[] {3}", b"a\r\n"), b")"],
        [(b"1 (BODY[] {0}", b""), b" UID 7)"],
        [(b"9 (UID 7 BODY[HEADER]<0> {2}", b"\r\n"), b")", (b"10 (UID 8 BODY[]<4194304> {1}", b"x"), b")"],
    ],
)
def test_the_plain_form_is_read_as_imapclient_reads_it(pieces: list[Any]) -> None:
    expected = {
        uid: {name: value for name, value in items.items() if name != b"SEQ"}
        for uid, items in parse_fetch_response(pieces, normalise_times=False).items()
    }

    assert plain_answers(pieces) == expected


def test_flags_that_a_server_adds_change_nothing() -> None:
    flagged = [(b"1 (FLAGS (\\Seen $x) UID 7 BODY[] {1}", b"x"), b" FLAGS ())", b"3 (FLAGS (\\Seen))"]

    assert plain_answers(flagged) == {7: {b"BODY[]": b"x"}}


@pytest.mark.parametrize(
    "pieces",
    [
        [None],
        [b""],
        [b"1 (UID 7 RFC822.SIZE x)"],
        [b"1 (RFC822.SIZE 3)"],
        [b"1 (UID 7 BODY[] NIL)"],
        [b'1 (UID 7 BODY[] "quoted")'],
        [b"1 (UID 7 X-GM-LABELS (a))"],
        [(b"1 (UID 7 BODY[] {3}", b"ab"), b")"],
        [(b"1 (UID 7 BODY[] {2}", b"ab")],
        [(b"1 (UID 7 BODY[] {2}", b"ab"), (b" BODY[HEADER] {2}", b"ab"), b")"],
        [(b"1 (BODY[] {2}", b"ab"), b")"],
    ],
)
def test_any_other_form_is_left_to_imapclient(pieces: list[Any]) -> None:
    assert plain_answers(pieces) is None
