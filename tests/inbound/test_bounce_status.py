"""Why a mail did not arrive: words before codes, and nothing that is not certain kills an address."""

from __future__ import annotations

import pytest

from consumers.inbound.reading.bounce_status import judge
from consumers.inbound.reading.bounce_texts import COPIES, NOTICES
from consumers.inbound.reading.outcome import BounceReason

HARD, SOFT = BounceReason.HARD, BounceReason.SOFT
FULL, GREY = BounceReason.MAILBOX_FULL, BounceReason.GREYLISTED
CONTENT, LARGE = BounceReason.REFUSED_CONTENT, BounceReason.MESSAGE_TOO_LARGE


@pytest.mark.parametrize(
    ("status", "said", "reason", "telling"),
    [
        ("5.1.1", "550 5.1.1 <ann@example.com>: User unknown", HARD, "5.1.1"),
        ("5.1.1", "", HARD, "5.1.1"),
        ("5.1.2", "", HARD, "5.1.2"),
        ("5.1.10", "RESOLVER.ADR.RecipientNotFound", HARD, "5.1.10"),
        ("5.2.1", "", HARD, "5.2.1"),
        ("5.4.4", "", HARD, "5.4.4"),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied.", HARD, "5.4.1"),
        ("", "550 No such user here", HARD, "5.0.0"),
        ("", "Unrouteable address", HARD, ""),
        ("", "550 Requested action not taken", HARD, "5.0.0"),
        # a temporary code is never hard, whatever the words
        ("4.1.1", "450 4.1.1 User unknown", SOFT, "4.1.1"),
        ("", "450 user unknown", SOFT, "4.0.0"),
        ("4.4.1", "Connection timed out", SOFT, "4.4.1"),
        ("4.4.7", "Message expired", SOFT, "4.4.7"),
        ("", "retry timeout exceeded", SOFT, ""),
        ("", "", SOFT, ""),
        # what would come right is not hard, whatever the code
        ("5.1.1", "550 5.1.1 mailbox is full", FULL, "5.1.1"),
        ("5.2.2", "", FULL, "5.2.2"),
        ("4.2.2", "", FULL, "4.2.2"),
        ("", "552 account is over quota", FULL, "5.0.0"),
        ("5.0.0", "554 Quota exceeded for ann@example.com", FULL, "5.0.0"),
        ("5.7.1", "Greylisted, come back in 5 minutes", GREY, "5.7.1"),
        ("5.3.4", "", LARGE, "5.3.4"),
        ("5.2.3", "", LARGE, "5.2.3"),
        ("", "552 Message size exceeds fixed limit", LARGE, "5.0.0"),
        ("5.7.1", "", CONTENT, "5.7.1"),
        ("5.7.26", "Unauthenticated email is not accepted due to DMARC policy", CONTENT, "5.7.26"),
        ("5.1.1", "550 5.1.1 blocked using zen.example.net", CONTENT, "5.1.1"),
        ("", "554 Message rejected as spam", CONTENT, "5.0.0"),
        ("", "550 relay not permitted", CONTENT, "5.0.0"),
        ("5.1.8", "", CONTENT, "5.1.8"),
        ("5.6.1", "", CONTENT, "5.6.1"),
        ("5.3.0", "", SOFT, "5.3.0"),
        ("5.4.6", "routing loop", SOFT, "5.4.6"),
        # unknown users are unknown even where a policy code is sent
        ("5.7.1", "550 5.7.1 <ann@example.com>: user unknown", HARD, "5.7.1"),
        # the answer knows better than a general status
        ("5.0.0", "550-5.1.1 does not exist", HARD, "5.1.1"),
        ("5.0.0 (permanent failure)", "550 5.2.2 full", FULL, "5.2.2"),
        # numbers that are no codes
        ("", "host 10.5.1.1 said nothing", SOFT, ""),
        ("", "mx 5.1.1.1 is down", SOFT, ""),
        ("", "after 550 hours", SOFT, ""),
    ],
)
def test_a_refusal_has_its_reason(status: str, said: str, reason: BounceReason, telling: str) -> None:
    assert judge(status, said) == (reason, telling)


def test_the_phrases_of_the_tables_are_casefolded_and_stand_once() -> None:
    phrases = [phrase for row in NOTICES for phrase in row.phrases]

    assert [phrase for phrase in (*phrases, *COPIES) if phrase != phrase.casefold()] == []
    assert sorted(set(phrases)) == sorted(phrases)
    assert len(set(COPIES)) == len(COPIES)
