"""The events runmail publishes about what came back: CloudEvents 1.0 like those it takes, one class a type.

They go to Python workflows, webhooks and `replies follow`. Names that may grow (outcomes, commands, reasons) are
texts here, so that an older receiver survives a newer runmail. The classes know nothing of how an event travels.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BeforeValidator, Field, StringConstraints

from .events import CloudEvent, Outcome, Value
from .texts import AddressText, Count, Identifier, LongText, Name, ProfileName, ShortText, Url
from .times import MaybeInstant

#: What every outgoing event names as its source when nobody says otherwise.
SOURCE = "runmail"
#: Failed tests that a command names; `failed_total` counts all of them.
MAX_FAILED_TESTS = 200

#: No full stop: the id stands in what a webhook's signature covers, divided by full stops (Standard Webhooks 1.0).
OutgoingId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def _first_failed(value: Any) -> Any:
    """Keep the first tests of a longer list: a suite of thousands must not cost the receiver the command."""
    return tuple(value)[:MAX_FAILED_TESTS] if isinstance(value, list | tuple) else value


def new_outgoing_id() -> str:
    """Return an id that no other event has; it stays the same however often the event is delivered."""
    return f"evt_{uuid4().hex}"


class About(Value):
    """The event whose mail was answered, with what a pipeline needs to know of it."""

    source: Identifier
    id: Identifier
    type: Name
    suite: Name | None = None
    branch: Name | None = None
    commit: Name | None = None
    environment: Name | None = None
    run_id: Name | None = None
    outcome: Outcome | None = None
    key: Name | None = None
    url: Url | None = None
    labels: Annotated[dict[Name, ShortText], Field(max_length=100, default_factory=dict)]


class OutgoingData(Value):
    """What the data of every outgoing event carries. `delivery` and `reply` are numbers that runmail's CLI knows."""

    profile: ProfileName
    recipient: AddressText | None = None
    delivery: int | None = None
    reply: int | None = None
    about: About | None = None


class ReplyReceivedData(OutgoingData):
    """A mail came in and was understood; `text` is what is new in it, without quotes and signature."""

    outcome: Name
    sender: AddressText | None = None
    subject: ShortText = ""
    text: LongText = ""
    message_id: ShortText | None = None
    received_at: MaybeInstant = None


class CommandIssuedData(OutgoingData):
    """A command of a reply was accepted: who gave it was allowed to, and it takes effect once.

    `until` is when a `mute` ends. `failed_tests` are the first 200 of the `failed_total` tests that failed in the run.
    """

    command: Name
    issued_by: AddressText
    until: MaybeInstant = None
    failed_tests: Annotated[tuple[Name, ...], BeforeValidator(_first_failed)] = ()
    failed_total: Count = 0


class DeliveryBouncedData(OutgoingData):
    """A mail did not reach its recipient. `status` is an enhanced status code (RFC 3463) where one was given."""

    kind: Literal["hard", "soft"]
    reason: Name
    status: Name | None = None
    said: ShortText | None = None


class RecipientSuppressedData(OutgoingData):
    """From now on the recipient gets no mail: none at all, or none about the suite or the thread that is named."""

    reason: Name
    suite: Name | None = None
    thread: Name | None = None
    until: MaybeInstant = None


class OutgoingEvent(CloudEvent):
    """A fact that runmail publishes."""

    id: OutgoingId
    source: Identifier = SOURCE
    data: OutgoingData


class ReplyReceived(OutgoingEvent):
    """`runmail.reply.received`: a mail came in and was understood."""

    type: Literal["runmail.reply.received"] = "runmail.reply.received"
    data: ReplyReceivedData


class CommandIssued(OutgoingEvent):
    """`runmail.command.issued`: a command of a reply was accepted."""

    type: Literal["runmail.command.issued"] = "runmail.command.issued"
    data: CommandIssuedData


class DeliveryBounced(OutgoingEvent):
    """`runmail.delivery.bounced`: a mail did not reach its recipient."""

    type: Literal["runmail.delivery.bounced"] = "runmail.delivery.bounced"
    data: DeliveryBouncedData


class RecipientSuppressed(OutgoingEvent):
    """`runmail.recipient.suppressed`: a recipient gets no mail from now on."""

    type: Literal["runmail.recipient.suppressed"] = "runmail.recipient.suppressed"
    data: RecipientSuppressedData


class WebhookTest(OutgoingEvent):
    """`runmail.webhook.test`: what `runmail webhooks test` sends; it means nothing."""

    type: Literal["runmail.webhook.test"] = "runmail.webhook.test"


#: The types published by us, by the CloudEvents `type`.
OUTGOING_TYPES: dict[str, type[OutgoingEvent]] = {
    "runmail.reply.received": ReplyReceived,
    "runmail.command.issued": CommandIssued,
    "runmail.delivery.bounced": DeliveryBounced,
    "runmail.recipient.suppressed": RecipientSuppressed,
    "runmail.webhook.test": WebhookTest,
}
