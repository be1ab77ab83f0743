"""What a mail promises of answers: the signed address, the unsubscribe link, the commands in its footer. Pure.

Only what works is promised: nothing without a mailbox that is read, and nothing where the profile sends answers to an
address of its own.
"""

from __future__ import annotations

from urllib.parse import quote

from consumers.mails.words import moment
from consumers.mails.zones import zone_named
from consumers.notice import Notice, Taken
from consumers.outbound.tokens import read_token
from profiles.addresses import MAX_LOCAL_PART
from profiles.profile import Profile


def is_answerable(profile: Profile) -> bool:
    """Say whether answers to a profile's mail come to a mailbox that runmail reads."""
    return profile.imap is not None and profile.reply_to is None


def reply_address(profile: Profile, message_id: str) -> str | None:
    """Return the signed address for answers, such as `qa+TOKEN@example.com`; None where none would work.

    The token is that of the Message-ID. A local part has at most 64 octets (RFC 5321 4.5.3.1.1).
    """
    token = _token(profile, message_id)
    local, _, domain = profile.from_address.rpartition("@")
    if token is None or not profile.plus_addressing or len(local) + 1 + len(token) > MAX_LOCAL_PART:
        return None
    return f"{local}+{token}@{domain}"


def unsubscribe_link(profile: Profile, message_id: str) -> str | None:
    """Return the mailto link of List-Unsubscribe (RFC 2369, RFC 6068); None where answers are not read."""
    token = _token(profile, message_id)
    if token is None:
        return None
    local, _, domain = profile.from_address.rpartition("@")
    return f"mailto:{quote(local, safe='')}@{domain}?subject=unsubscribe%20{token}"


def footer_commands(notice: Notice, profile: Profile) -> tuple[str, ...]:
    """Return the commands that the footer of a mail offers; none where an answer would not be read."""
    # An automatic answer offers nothing below: it says all of it above.
    if not is_answerable(profile) or notice.answered is not None:
        return ()
    commands = ["mute 2h", "stop", "help"]
    if notice.template == "alert":
        commands.insert(0, "ack")
    if notice.template == "run_finished" and profile.allow_rerun and profile.authserv_id:
        commands.insert(0, "rerun failed")
    return tuple(commands)


def taken_line(taken: Taken | None, timezone: str) -> str:
    """Return the line that says who has taken an alert in hand; empty when nobody has."""
    if taken is None:
        return ""
    return f"Taken in hand by {taken.by}, {moment(taken.at, zone_named(timezone))}."


def _token(profile: Profile, message_id: str) -> str | None:
    """Return the token of a Message-ID where an answer that bears it would be read."""
    token = message_id.partition("@")[0]
    return token if is_answerable(profile) and read_token(token) is not None else None
