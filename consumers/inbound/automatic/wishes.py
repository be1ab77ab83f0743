"""Wishes: which understood mail is to be answered by runmail itself, and what the answer may say. Pure.

Nothing but a command, or a reply whose first line was meant as one, brings an answer, and only with a genuine token.
Whether the sender's turn for today is taken already needs the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from consumers.inbound.authority import Refusal
from consumers.inbound.matching import Match, Unmatched
from consumers.inbound.reading.commands import CommandName
from consumers.inbound.reading.outcome import Outcome, Reading
from consumers.inbound.reading.read_mail import without_tag
from consumers.inbound.told import Told
from profiles.addresses import Address
from profiles.profile import Profile

#: Refusals of people who are not known to have got the mail: they hear nothing of what it was about.
STRANGERS = (Refusal.NOT_THE_RECIPIENT, Refusal.DOMAIN_NOT_VERIFIED)


class Withheld(StrEnum):
    """Why a wish is not fulfilled, beside the clues of `unanswerable`.

    - `own_address`: an address of a profile asks; runmail does not talk to itself.
    - `answered_today`: the sender was answered within a day.
    - `profile_gone`: nobody is there to answer.
    """

    OWN_ADDRESS = "own_address"
    ANSWERED_TODAY = "answered_today"
    PROFILE_GONE = "profile_gone"


@dataclass(frozen=True, slots=True)
class Wish:
    """An answer that is wanted: to whom, about which delivery, and what it says.

    `reason` is the named refusal, `command` what was asked for in our words. A `stranger` is told neither what the
    mail was about nor to whom it went. `keys` are those under which a day has one answer.
    """

    kind: Literal["help", "refused"]
    sender: Address
    match: Match
    reason: str | None
    command: str | None
    stranger: bool
    offers: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The sender without a tag; for a stranger the delivery too, because senders are easily made up."""
        sender = f"sender:{without_tag(self.sender.key)}"
        return (f"delivery:{self.match.issued.delivery_id}", sender) if self.stranger else (sender,)


def wish_of(
    reading: Reading, found: Match | Unmatched, told: Told | None, refusal: Refusal | None, profile: Profile | None
) -> Wish | None:
    """Return the answer that a mail wants, or None."""
    sender = reading.sender.address
    if not isinstance(found, Match) or told is None or sender is None:
        return None
    is_recipient = sender.key == found.issued.recipient_key
    kind: Literal["help", "refused"] = "refused"
    if reading.outcome is Outcome.COMMAND and reading.command is not None:
        if refusal is None and reading.command.name is not CommandName.HELP:
            return None
        kind = "refused" if refusal else "help"
        reason = refusal.value if refusal else None
    elif reading.outcome is Outcome.REPLY and reading.command_fault is not None and is_recipient:
        reason = reading.command_fault.value
    else:
        return None
    stranger = refusal in STRANGERS
    return Wish(
        kind=kind,
        sender=sender,
        match=found,
        reason=reason,
        command=str(reading.command) if reading.command else None,
        stranger=stranger,
        offers=() if stranger else offers(told, profile, is_recipient=is_recipient),
    )


def offers(told: Told, profile: Profile | None, *, is_recipient: bool) -> tuple[str, ...]:
    """Return what somebody can answer to a mail, by the names of `consumers.mails.answer_words`."""
    found = ["ack"] if told.severity is not None else []
    if not is_recipient:
        return (*found, "mute for others", "unmute")
    if told.run and profile is not None and profile.allow_rerun and profile.authserv_id:
        found += ["rerun failed", "rerun"]
    return (*found, "mute", "mute until", "unmute", "stop", "start")
