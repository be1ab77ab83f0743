"""read_threads: what in a mail may tie it to a delivery: candidates for our signed tokens, and Message-IDs.

Candidates only: whether a token is genuine, and for whom it was made, needs the keys and the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from consumers.inbound.reading.header_block import HeaderBlock
from consumers.outbound.tokens import read_token

#: Message-IDs of one mail that are kept; a thread refers to its last mails first.
MAX_IDS = 50
#: Tokens of one mail that are kept; an answer has one or two.
MAX_TOKENS = 20

#: Headers in which servers say which address a mail was delivered to.
_ADDRESSED = (
    "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-forwarded-to", "x-rcpt-to",
    "x-apparently-to", "to", "cc", "resent-to", "received",
)  # fmt: skip
_PLUS = re.compile(r"\+([a-z2-7]{40})@", re.IGNORECASE)
#: What people's programs leave of a Message-ID: with or without brackets, joined by blanks or, in Exchange and on
#: iOS, by commas.
_ID = re.compile(r"[^\s<>,;\"()\[\]\x00-\x20\x7f-\x9f]{1,250}@[^\s<>,;\"()\x00-\x20\x7f-\x9f]{1,250}")
_UNSUBSCRIBE = re.compile(r"unsubscribe +([a-z2-7]{40})\Z", re.IGNORECASE)
_RETURNED_ID = re.compile(
    r"^[ \t>]*message-id:[ \t\r\n>]*<?([^\s<>\x00-\x20\x7f-\x9f]{1,250}@[^\s<>\x00-\x20\x7f-\x9f]{1,250})>?",
    re.IGNORECASE | re.MULTILINE,
)


class FoundIn(StrEnum):
    """Where a token stood, the strongest place first: some relays replace Message-IDs, none replaces an address."""

    PLUS_ADDRESS = "plus_address"
    SUBJECT = "subject"
    MESSAGE_ID = "message_id"
    RETURNED_MAIL = "returned_mail"


@dataclass(frozen=True, slots=True)
class TokenClue:
    """A text that has the form of a token of ours, in lower case."""

    token: str
    found_in: FoundIn


@dataclass(frozen=True, slots=True)
class Threads:
    """Candidates in the order in which they should be tried, and the Message-IDs that a mail answers, nearest first."""

    tokens: tuple[TokenClue, ...] = ()
    message_ids: tuple[str, ...] = ()


NO_THREADS = Threads()


def read_threads(headers: HeaderBlock, subject: str, returned: str = "") -> Threads:
    """Gather what ties a mail to another. `returned` are the headers of a mail that came back in it, as text."""
    ids = _ids_of(headers)
    found = [
        (token, FoundIn.PLUS_ADDRESS) for name in _ADDRESSED for token in _plus_tokens(headers.holding(name, b"+"))
    ]
    found += [(token, FoundIn.SUBJECT) for token in (unsubscribe_token(subject),) if token]
    found += [(each.partition("@")[0], FoundIn.MESSAGE_ID) for each in ids]
    if returned:
        returned_ids = [each[1] for each in _RETURNED_ID.finditer(returned)][:MAX_IDS]
        found += [(token, FoundIn.RETURNED_MAIL) for token in _plus_tokens([returned])]
        found += [(each.partition("@")[0], FoundIn.RETURNED_MAIL) for each in returned_ids]
        ids = [*returned_ids, *ids]
    clues: dict[str, TokenClue] = {}
    for text, place in found:
        token = text.lower()
        if token not in clues and read_token(token) is not None:
            clues[token] = TokenClue(token, place)
    return Threads(tuple(clues.values())[:MAX_TOKENS], tuple(dict.fromkeys(ids))[:MAX_IDS])


def unsubscribe_token(subject: str) -> str | None:
    """Return the token of a subject that is `unsubscribe TOKEN` and nothing else."""
    found = _UNSUBSCRIBE.match(subject.strip())
    return found[1].lower() if found and read_token(found[1]) is not None else None


def own_message_id(headers: HeaderBlock) -> str:
    """Return a mail's own Message-ID without brackets; empty when it has none that could be compared."""
    value = headers.first("message-id")
    found = _ID.search(value) if "@" in value else None
    return found[0] if found else ""


def _ids_of(headers: HeaderBlock) -> list[str]:
    """Return the ids of In-Reply-To, then References from the last to the first."""
    if "in-reply-to" not in headers and "references" not in headers:
        return []
    nearest = [found[0] for value in headers.all("in-reply-to") for found in _ID.finditer(value)]
    older = [found[0] for value in headers.all("references") for found in _ID.finditer(value)]
    return [*nearest[:MAX_IDS], *reversed(older)]


def _plus_tokens(values: Iterable[str]) -> list[str]:
    return [found[1] for value in values if "+" in value for found in _PLUS.finditer(value)]
