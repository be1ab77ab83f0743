"""Reading: what one mail turned out to be, as values. The classes below are the specification of the outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from consumers.inbound.reading.authentication_results import Dmarc
from consumers.inbound.reading.commands import Command, CommandFault
from consumers.inbound.reading.feedback import Complaint
from consumers.inbound.reading.sender import NOBODY, Sender
from consumers.inbound.reading.threads import NO_THREADS, Threads


class Outcome(StrEnum):
    """What a mail is. Every mail is exactly one of these.

    - `reply`: a person wrote something.
    - `command`: a person wrote something, and its first line is a command.
    - `bounce`: a mail of ours did not reach somebody, and will not.
    - `delayed`: a mail of ours has not reached somebody yet; the server goes on trying.
    - `auto_reply`: a machine answered: out of office, receipt, ticket system.
    - `feedback`: a mailbox provider reports a complaint about a mail of ours (RFC 5965).
    - `unsubscribe`: the subject is `unsubscribe TOKEN`; the body does not count.
    - `own_mail`: runmail wrote it.
    - `not_for_us`: it answers no mail of ours.
    - `duplicate`: a mail with this Message-ID was read before.
    - `too_large`: above the size that is read; only its headers were looked at.
    - `unreadable`: no mail, or one that cannot be read.
    """

    REPLY = "reply"
    COMMAND = "command"
    BOUNCE = "bounce"
    DELAYED = "delayed"
    AUTO_REPLY = "auto_reply"
    FEEDBACK = "feedback"
    UNSUBSCRIBE = "unsubscribe"
    OWN_MAIL = "own_mail"
    NOT_FOR_US = "not_for_us"
    DUPLICATE = "duplicate"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"


class BounceReason(StrEnum):
    """Why a mail did not arrive. Only `hard` says that the address is dead; all others are soft.

    - `hard`: no such mailbox or domain, or it is closed.
    - `mailbox_full`: over quota.
    - `greylisted`: come back later.
    - `refused_content`: taken for spam, or refused for what it is or where it comes from (5.7.x).
    - `message_too_large`: larger than the recipient takes.
    - `soft`: anything else: a time-out, a broken server, or no reason named.
    """

    HARD = "hard"
    MAILBOX_FULL = "mailbox_full"
    GREYLISTED = "greylisted"
    REFUSED_CONTENT = "refused_content"
    MESSAGE_TOO_LARGE = "message_too_large"
    SOFT = "soft"


@dataclass(frozen=True, slots=True)
class Bounce:
    """One recipient that a mail did not reach.

    `status` is an enhanced status code (RFC 3463), made from the SMTP reply code where the notice has no other, empty
    where it has neither. `said` is the server's answer, at most 500 characters.
    """

    recipient: str
    reason: BounceReason
    status: str = ""
    said: str = ""

    @property
    def permanent(self) -> bool:
        """Whether the address is dead."""
        return self.reason is BounceReason.HARD

    def to_json(self) -> dict[str, Any]:
        """Return the bounce as a document."""
        return {
            "recipient": self.recipient,
            "permanent": self.permanent,
            "status": self.status,
            "reason": self.reason.value,
            "said": self.said,
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """What a mail is and says.

    `why` names the clue that decided. `text` is the new text of a reply, command or automatic answer. `bounces` are
    the recipients of a bounce or delay. `auto_reply_until` is the day on which an absence ends. `command_fault` says
    why a line that is meant as a command is none; such a mail is a reply.
    """

    outcome: Outcome
    why: str
    text: str = ""
    command: Command | None = None
    command_fault: CommandFault | None = None
    bounces: tuple[Bounce, ...] = ()
    auto_reply_until: date | None = None
    complaint: Complaint | None = None
    sender: Sender = NOBODY
    dmarc: Dmarc = Dmarc.NOT_CONFIGURED
    message_id: str = ""
    subject: str = ""
    threads: Threads = NO_THREADS

    def to_json(self) -> dict[str, Any]:
        """Return the reading as a document; its keys are stable."""
        return {
            "outcome": self.outcome.value,
            "why": self.why,
            "text": self.text,
            "command": str(self.command) if self.command else None,
            "command_fault": self.command_fault.value if self.command_fault else None,
            "bounces": [bounce.to_json() for bounce in self.bounces],
            "auto_reply_until": self.auto_reply_until.isoformat() if self.auto_reply_until else None,
            "complaint": self.complaint.to_json() if self.complaint else None,
            "from": self.sender.address.wire if self.sender.address else None,
            "from_fault": self.sender.fault.value if self.sender.fault else None,
            "dmarc": self.dmarc.value,
            "message_id": self.message_id,
            "subject": self.subject,
            "tokens": [{"token": clue.token, "found_in": clue.found_in.value} for clue in self.threads.tokens],
            "message_ids": list(self.threads.message_ids),
        }
