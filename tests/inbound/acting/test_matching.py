"""Which delivery a mail answers: a genuine token decides, whatever else stands in the mail."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumers.inbound.matching import Match, Unmatched, claimed_deliveries, match
from consumers.inbound.reading.threads import FoundIn, Threads, TokenClue
from consumers.ledger.issued import Issued
from consumers.outbound.tokens import DAY_MILLISECONDS, LIFETIME_DAYS, make_token

KEY, OLD, FOREIGN = b"k" * 32, b"o" * 32, b"f" * 32
NOW = 1_700_000_000_000
EVA, BEN = "eva@example.com", "ben@example.com"
ISSUED = {1: Issued(1, 10, EVA, EVA, 1), 2: Issued(2, 10, BEN, BEN, 1)}


def clue(delivery: int, recipient: str, place: FoundIn = FoundIn.MESSAGE_ID, key: bytes = KEY) -> TokenClue:
    return TokenClue(make_token(key, delivery, recipient, NOW), place)


def matched(*clues: TokenClue, sender: str | None = EVA, now: int = NOW) -> Match | Unmatched:
    return match(Threads(clues), sender, ISSUED, [KEY, OLD], now)


def test_a_genuine_token_names_the_delivery() -> None:
    assert matched(clue(1, EVA)) == Match(ISSUED[1], FoundIn.MESSAGE_ID)


def test_a_token_of_an_old_key_still_counts() -> None:
    assert matched(clue(1, EVA, key=OLD)) == Match(ISSUED[1], FoundIn.MESSAGE_ID)


def test_a_token_made_for_another_recipient_or_with_another_key_counts_for_nothing() -> None:
    assert matched(clue(1, BEN)) is Unmatched.UNKNOWN_TOKEN
    assert matched(clue(1, EVA, key=FOREIGN)) is Unmatched.UNKNOWN_TOKEN
    assert matched(clue(3, EVA)) is Unmatched.UNKNOWN_TOKEN


def test_a_mail_without_a_token_is_tied_to_nothing() -> None:
    assert matched() is Unmatched.NO_TOKEN


def test_a_token_holds_through_its_last_day_and_no_longer() -> None:
    last = (NOW // DAY_MILLISECONDS + LIFETIME_DAYS + 1) * DAY_MILLISECONDS - 1
    assert isinstance(matched(clue(1, EVA), now=last), Match)
    assert matched(clue(1, EVA), now=last + 1) is Unmatched.EXPIRED_TOKEN


def test_the_address_counts_before_the_message_id() -> None:
    found = matched(clue(1, EVA), clue(2, BEN, FoundIn.PLUS_ADDRESS))
    assert found == Match(ISSUED[2], FoundIn.PLUS_ADDRESS)


def test_who_answers_all_is_tied_to_the_own_mail() -> None:
    assert matched(clue(1, EVA), clue(2, BEN), sender=BEN) == Match(ISSUED[2], FoundIn.MESSAGE_ID)


def test_a_stranger_is_tied_to_the_nearest_mail_of_the_thread() -> None:
    assert matched(clue(2, BEN), clue(1, EVA), sender="x@example.org") == Match(ISSUED[2], FoundIn.MESSAGE_ID)


@given(st.integers(0, 5), st.sampled_from([EVA, BEN, "x@example.org"]), st.sampled_from([KEY, OLD, FOREIGN]))
def test_nothing_is_matched_but_what_was_issued_with_our_keys(delivery: int, recipient: str, key: bytes) -> None:
    found = matched(clue(delivery, recipient, key=key))
    was_issued = delivery in ISSUED and ISSUED[delivery].recipient_key == recipient and key is not FOREIGN
    assert isinstance(found, Match) == was_issued


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=40, max_size=40)))
def test_made_up_tokens_match_nothing(tokens: list[str]) -> None:
    threads = Threads(tuple(TokenClue(token, FoundIn.PLUS_ADDRESS) for token in tokens))
    everything = {each: Issued(each, 1, EVA, EVA, 1) for each in claimed_deliveries([threads])}
    assert not isinstance(match(threads, EVA, everything, [KEY], NOW), Match)
