"""match: which delivery a mail answers, by a signed token that was issued to a recipient. Pure.

The candidates come from reading, the deliveries from the ledger; here the signature decides. Without a genuine,
unexpired token nothing is matched: an address or a subject proves nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from consumers.inbound.reading.threads import FoundIn, Threads
from consumers.ledger.issued import Issued
from consumers.outbound.tokens import DAY_MILLISECONDS, TokenFacts, is_genuine, read_token


class Unmatched(StrEnum):
    """Why a mail is tied to no delivery.

    - `no_token`: nothing in it has the form of a token.
    - `unknown_token`: no token in it was made with a key of ours for a delivery that the ledger still has.
    - `expired_token`: a token is genuine, and its last day has passed.
    """

    NO_TOKEN = "no_token"  # noqa: S105 - a reason, no password
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105
    EXPIRED_TOKEN = "expired_token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Match:
    """The delivery that a mail answers, and where its token stood."""

    issued: Issued
    found_in: FoundIn


def claimed_deliveries(threads: Iterable[Threads]) -> Collection[int]:
    """Return the ids of deliveries that the tokens of mails speak of; nothing of it may be trusted yet."""
    facts = (read_token(clue.token) for each in threads for clue in each.tokens)
    return {each.delivery_id for each in facts if each is not None}


def match(
    threads: Threads, sender_key: str | None, issued: Mapping[int, Issued], keys: Sequence[bytes], now: int
) -> Match | Unmatched:
    """Return the delivery that a mail answers at `now` (milliseconds UTC), or why there is none.

    The strongest place with a genuine token decides. Of several there the one issued to the sender is taken, for
    people who answer all carry each other's Message-IDs; else the first, which is the nearest in the thread.
    """
    genuine: list[Match] = []
    expired = False
    for clue in threads.tokens:
        facts = read_token(clue.token)
        found = issued.get(facts.delivery_id) if facts is not None else None
        if facts is None or found is None:
            continue
        if is_genuine(facts, keys, found.recipient_key, now):
            genuine.append(Match(found, clue.found_in))
        else:
            expired = expired or _was_genuine(facts, keys, found.recipient_key)
    if genuine:
        places = list(FoundIn)
        strongest = min((each.found_in for each in genuine), key=places.index)
        there = [each for each in genuine if each.found_in is strongest]
        return next((each for each in there if each.issued.recipient_key == sender_key), there[0])
    if expired:
        return Unmatched.EXPIRED_TOKEN
    return Unmatched.UNKNOWN_TOKEN if threads.tokens else Unmatched.NO_TOKEN


def _was_genuine(facts: TokenFacts, keys: Sequence[bytes], recipient_key: str) -> bool:
    return is_genuine(facts, keys, recipient_key, facts.last_day * DAY_MILLISECONDS)
