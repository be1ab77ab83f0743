"""authority: whether a command may take effect, and if not, why. Pure; the rules are listed in `decide`.

A valid token is the first condition and was checked before (`matching`). From proves little by itself; together with
a token that only this recipient was sent it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from consumers.inbound.reading.authentication_results import Dmarc
from consumers.inbound.reading.commands import MAX_MUTE, Command, CommandName
from consumers.inbound.reading.sender import Sender
from profiles.addresses import Address, is_allowed

#: Longest time for which somebody else than the recipient may mute.
MAX_MUTE_FOR_OTHERS = timedelta(days=2)
#: What somebody may command who is not the recipient: nothing that stops another's mail for good.
FOR_OTHERS = (CommandName.ACK, CommandName.MUTE, CommandName.UNMUTE, CommandName.HELP)
_MILLISECOND = timedelta(milliseconds=1)
RERUNS = (CommandName.RERUN, CommandName.RERUN_FAILED)


class Refusal(StrEnum):
    """Why a command has no effect.

    - `no_sender`: From is not plainly one mailbox.
    - `not_the_recipient`: From is neither the recipient nor somebody whom the profile lets act.
    - `domain_not_verified`: the profile lets From's domain act, and DMARC did not pass.
    - `only_for_the_recipient`: somebody who acts for a list may not command this.
    - `mute_too_long`: more than a year, or more than two days by somebody who acts for a list.
    - `mute_in_the_past`: the moment has passed already.
    - `rerun_not_enabled`: the profile does not let runs be started by mail.
    - `rerun_not_verified`: DMARC did not pass.
    - `nothing_to_acknowledge`: the mail was not about an alert.
    - `nothing_to_rerun`: the mail was not about a run.
    - `done_before`: this command was given in answer to this mail before.
    """

    NO_SENDER = "no_sender"
    NOT_THE_RECIPIENT = "not_the_recipient"
    DOMAIN_NOT_VERIFIED = "domain_not_verified"
    ONLY_FOR_THE_RECIPIENT = "only_for_the_recipient"
    MUTE_TOO_LONG = "mute_too_long"
    MUTE_IN_THE_PAST = "mute_in_the_past"
    RERUN_NOT_ENABLED = "rerun_not_enabled"
    RERUN_NOT_VERIFIED = "rerun_not_verified"
    NOTHING_TO_ACKNOWLEDGE = "nothing_to_acknowledge"
    NOTHING_TO_RERUN = "nothing_to_rerun"
    DONE_BEFORE = "done_before"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a profile says about commands. `actors` are addresses and domains that may act for any recipient."""

    actors: tuple[str, ...] = ()
    allow_rerun: bool = False
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Grant:
    """A command that may take effect. `until` is the end of a mute in milliseconds UTC."""

    by: Address
    until: int | None = None


def decide(
    command: Command,
    *,
    sender: Sender,
    recipient_key: str,
    rules: Rules,
    dmarc: Dmarc,
    now: int,
) -> Grant | Refusal:
    """Say whether a command takes effect that answers a genuine token issued to `recipient_key`.

    1. From must be one plain mailbox.
    2. The recipient may command everything; whom the profile lets act, only what harms no list; nobody else anything.
    3. A rerun starts programs: the profile must allow it, and DMARC must have passed.
    4. A mute must end later than now, and not too late.
    """
    if sender.address is None:
        return Refusal.NO_SENDER
    is_recipient = sender.address.key == recipient_key
    if not is_recipient:
        refusal = _may_act(sender.address, rules.actors, dmarc)
        if refusal is not None:
            return refusal
        if command.name not in FOR_OTHERS:
            return Refusal.ONLY_FOR_THE_RECIPIENT
    if command.name in RERUNS:
        if not rules.allow_rerun:
            return Refusal.RERUN_NOT_ENABLED
        if dmarc is not Dmarc.PASS:
            return Refusal.RERUN_NOT_VERIFIED
    until = mute_end(command, rules.timezone, now)
    if until is not None:
        if until <= now:
            return Refusal.MUTE_IN_THE_PAST
        longest = MAX_MUTE if is_recipient else MAX_MUTE_FOR_OTHERS
        if until > now + longest // _MILLISECOND:
            return Refusal.MUTE_TOO_LONG
    return Grant(sender.address, until)


def mute_end(command: Command, timezone: str, now: int) -> int | None:
    """Return when a mute ends, in milliseconds UTC; None for other commands. A wall time is the profile's.

    Of a wall time that comes twice the first is meant; one that is skipped is an hour later, as clocks show it.
    """
    if command.mute_for is not None:
        return now + command.mute_for // _MILLISECOND
    if command.mute_until is None:
        return None
    if not 1970 < command.mute_until.year < 9999:
        # At the ends of the calendar a zone's offset leads out of it.
        return 0 if command.mute_until.year <= 1970 else now + 2 * MAX_MUTE // _MILLISECOND
    moment = command.mute_until.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND


def _may_act(sender: Address, actors: tuple[str, ...], dmarc: Dmarc) -> Refusal | None:
    """Return why somebody may not act for a recipient; None when the profile lets them.

    A whole domain is let in only with DMARC, since anybody can write any address of it.
    """
    addresses = tuple(entry for entry in actors if "@" in entry)
    domains = tuple(entry for entry in actors if "@" not in entry)
    # Asked only of a list that is not empty: an empty one allows everybody.
    if addresses and is_allowed(sender, addresses):
        return None
    if not domains or not is_allowed(sender, domains):
        return Refusal.NOT_THE_RECIPIENT
    return None if dmarc is Dmarc.PASS else Refusal.DOMAIN_NOT_VERIFIED
