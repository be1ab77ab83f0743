"""Writing: the events of the automatic answers that are due, in the transaction of the replies that want them.

An answer is an event like any other from here on: planned by the sweep, sent and settled by the ordinary path. Its id
is made of the reply, so that a reply that is understood again is not answered again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from consumers.inbound.automatic.wishes import Wish, Withheld
from consumers.inbound.reading.read_mail import without_tag
from consumers.inbound.reading.unanswerable import unanswerable
from consumers.inbound.told import Told
from consumers.ledger.answer_limits import take_turns
from consumers.ledger.issued import find_message_ids
from consumers.ledger.recording import arrival, find_events, record_events
from consumers.own_events import ANSWER_DUE, AnswerDue, MessageIdText
from profiles.profile import Profile

#: Source of the events of automatic answers.
SOURCE = "runmail:answers"
_MESSAGE_ID: TypeAdapter[str] = TypeAdapter(MessageIdText)


@dataclass(frozen=True, slots=True)
class Asked:
    """A reply that wants an answer: its row, octets and Message-ID, whose profile answers, and about what."""

    reply_id: int
    raw: bytes
    message_id: str
    profile: Profile | None
    told: Told
    wish: Wish


def answer_all(
    connection: Connection, asked: Sequence[Asked], own: Collection[str], now: int
) -> dict[int, dict[str, Any]]:
    """Record the answers that may be given; return by reply what became of each wish, as a document."""
    became: dict[int, dict[str, Any]] = {}
    standing = find_events(connection, [(SOURCE, answer_id(each)) for each in asked])
    may: list[Asked] = []
    for each in asked:
        withheld = _withheld(each, own)
        if withheld is None and (SOURCE, answer_id(each)) not in standing:
            may.append(each)
        became[each.reply_id] = _told(each, withheld)
    granted = _take_turns(connection, may, now)
    for each in may:
        if each.reply_id not in granted:
            became[each.reply_id] = _told(each, Withheld.ANSWERED_TODAY.value)
    write = [each for each in may if each.reply_id in granted]
    if write:
        ids = find_message_ids(connection, [each.wish.match.issued.delivery_id for each in write])
        events = [_event(each, ids.get(each.wish.match.issued.delivery_id), now) for each in write]
        arrivals = [arrival(event, event.to_json(), published_at=None, now=now) for event in events]
        record_events(connection, arrivals)
    return became


def answer_id(asked: Asked) -> str:
    """Return the id of the event that answers a reply."""
    digest = hashlib.sha256(asked.raw).hexdigest()
    return hashlib.sha256(f"{asked.reply_id}\n{digest}".encode()).hexdigest()[:40]


def _withheld(asked: Asked, own: Collection[str]) -> str | None:
    if asked.profile is None:
        return Withheld.PROFILE_GONE.value
    if without_tag(asked.wish.sender.key) in own:
        return Withheld.OWN_ADDRESS.value
    return unanswerable(asked.raw)


def _take_turns(connection: Connection, may: Iterable[Asked], now: int) -> frozenset[int]:
    """Take the turns of replies, the first of each key; return the replies that got all of theirs."""
    wanted: dict[str, int] = {}
    keys: dict[int, tuple[str, ...]] = {}
    for each in may:
        keys[each.reply_id] = each.wish.keys
        for key in each.wish.keys:
            wanted.setdefault(key, each.reply_id)
    taken = take_turns(connection, wanted, now)
    return frozenset(
        reply_id
        for reply_id, names in keys.items()
        if all(name in taken and wanted[name] == reply_id for name in names)
    )


def _event(asked: Asked, answered: str | None, now: int) -> AnswerDue:
    """Make the event; `answered` is the Message-ID of our own mail that the reply answers."""
    assert asked.profile is not None
    wish, issued = asked.wish, asked.wish.match.issued
    theirs, ours = _harmless(asked.message_id), _harmless(answered or "")
    known = {} if wish.stranger else {"topic": asked.told.topic, "sent_to": issued.recipient}
    document = {
        "specversion": "1.0",
        "id": answer_id(asked),
        "source": SOURCE,
        "type": ANSWER_DUE,
        "time": datetime.fromtimestamp(now / 1000, UTC),
        "data": {
            "profile": asked.profile.name,
            "recipients": (wish.sender.wire,),
            "kind": wish.kind,
            "reason": wish.reason,
            "command": wish.command,
            **known,
            "offers": wish.offers,
            "delivery": issued.delivery_id,
            "reply": asked.reply_id,
            "in_reply_to": theirs or ours or f"{answer_id(asked)}@runmail.invalid",
            "references": (ours,) if ours and theirs else (),
        },
    }
    return AnswerDue.model_validate(document)


def _harmless(message_id: str) -> str | None:
    """Return a Message-ID that may stand in a header of ours; None for any other."""
    try:
        return _MESSAGE_ID.validate_python(message_id)
    except ValidationError:
        return None


def _told(asked: Asked, withheld: str | None) -> dict[str, Any]:
    return {
        "kind": asked.wish.kind,
        "reason": asked.wish.reason,
        "event": None if withheld else answer_id(asked),
        "withheld": withheld,
    }
