"""Events that runmail records itself and takes from nobody, and how any recorded event is read again.

They go the path of every event (planned, claimed, sent, settled), so what they tell is as well accounted for. No door
takes them: on the queue they are of an unknown type. They are no part of the contract.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from consumers.contract.events import EVENT_TYPES, Event, EventData
from consumers.contract.reading import read_as, read_json
from consumers.contract.texts import AddressText, Name

_MESSAGE_ID = r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.:\[\]-]+@[A-Za-z0-9.:\[\]_-]+$"
#: A Message-ID without its brackets that may stand in a header of ours: no blanks, brackets, quotes or line ends.
MessageIdText = Annotated[str, StringConstraints(pattern=_MESSAGE_ID, max_length=200)]


class AnswerDueData(EventData):
    """Somebody is to be told what can be answered (`help`), or why a command had no effect (`refused`).

    `command` is what was asked for in our own words, `reason` the named refusal. `topic` and `sent_to` say which mail
    was answered; they are absent where the one who asked is not to hear of it, and so are the `offers`. Nothing here
    was written by the one who asked, but for the Message-ID in `in_reply_to`.
    """

    kind: Literal["help", "refused"]
    reason: Name | None = None
    command: Name | None = None
    topic: Name | None = None
    sent_to: AddressText | None = None
    offers: tuple[Name, ...] = ()
    #: The delivery whose mail was answered, and the reply.
    delivery: int
    reply: int
    in_reply_to: MessageIdText
    references: Annotated[tuple[MessageIdText, ...], Field(max_length=2)] = ()


class AnswerDue(Event):
    """`runmail.answer.due`: an automatic answer is to be sent."""

    type: Literal["runmail.answer.due"] = "runmail.answer.due"
    data: AnswerDueData


ANSWER_DUE = "runmail.answer.due"
#: The types that only runmail records, by the CloudEvents `type`.
OWN_TYPES: dict[str, type[Event]] = {ANSWER_DUE: AnswerDue}


def read_recorded(body: bytes) -> Event:
    """Read an event from the ledger, whoever stated it.

    Raises:
        MalformedEvent: as `read_event`.
    """
    return read_as(read_json(body), {**EVENT_TYPES, **OWN_TYPES})
