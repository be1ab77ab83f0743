"""read_mail: the whole way of understanding one mail, from its octets to one named outcome. Read it top to bottom."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from consumers.inbound.reading.absence import last_day_away
from consumers.inbound.reading.authentication_results import dmarc_of
from consumers.inbound.reading.auto_replies import auto_reply_clue
from consumers.inbound.reading.bounces import read_bounce, returned_headers
from consumers.inbound.reading.commands import Command, read_command
from consumers.inbound.reading.feedback import read_feedback
from consumers.inbound.reading.header_block import HeaderBlock, read_headers
from consumers.inbound.reading.mime_walk import walk
from consumers.inbound.reading.new_text import body_lines, new_text
from consumers.inbound.reading.outcome import Outcome, Reading
from consumers.inbound.reading.sender import Sender, read_sender
from consumers.inbound.reading.threads import own_message_id, read_threads, unsubscribe_token
from consumers.mails.cleaning import clean_line, cut

#: Octets of a mail that is read; above it only the headers are looked at.
MAX_MAIL = 25 * 1024 * 1024
#: Characters of a subject that are kept.
MAX_SUBJECT = 500
#: Header fields that make a text a mail rather than a note with a colon in it.
_MAIL_FIELDS = ("from", "received", "message-id", "return-path", "subject", "date", "to")
_DATE = re.compile(r"(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a mail itself cannot tell. The default is what is known offline: nothing.

    `own_addresses` are the comparison keys of all profiles' addresses, without tags. `seen` holds Message-IDs of mails
    read before. `authserv_id` and `aliases` are the profile's. `answers_only`: mail of people without a candidate for
    a token of ours is not for us.
    """

    own_addresses: frozenset[str] = frozenset()
    seen: Container[str] = frozenset()
    authserv_id: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    answers_only: bool = False


NOWHERE = Surroundings()


def read_mail(source: bytes, surroundings: Surroundings = NOWHERE, *, size: int | None = None) -> Reading:
    """Understand one mail. Never raises: what cannot be read is `unreadable`.

    `size` is the mail's real size in octets when `source` is only its beginning.
    """
    try:
        return understand(source, surroundings, size=size)
    except Exception as error:  # noqa: BLE001 - the edge of one mail: a stranger's octets end no pass
        return Reading(Outcome.UNREADABLE, f"fault: {type(error).__name__}")


def understand(source: bytes, surroundings: Surroundings = NOWHERE, *, size: int | None = None) -> Reading:
    """Understand one mail; what `read_mail` guards. Nothing is known to make it raise.

    1. What can be told from headers alone: no mail, too large, seen before, our own.
    2. What mail systems write: complaints, bounces and delays, before anything that looks like an answer.
    3. Unsubscriptions, whose body does not count.
    4. What answering machines write.
    5. What people write: a command, or a reply.
    """
    source = _with_line_feeds(source)
    headers = read_headers(source)
    if not any(name in headers for name in _MAIL_FIELDS):
        return Reading(Outcome.UNREADABLE, "no_headers")
    facts = _facts(headers, surroundings)
    if max(size or 0, len(source)) > MAX_MAIL:
        return replace(facts, outcome=Outcome.TOO_LARGE, why="size")
    if facts.message_id and facts.message_id in surroundings.seen:
        return replace(facts, outcome=Outcome.DUPLICATE, why="message_id")
    if own := _own_mail(headers, facts.sender, surroundings):
        return replace(facts, outcome=Outcome.OWN_MAIL, why=own)

    tree = walk(source, headers)
    complaint = read_feedback(source, tree)
    if complaint is not None:
        threads = read_threads(headers, facts.subject, returned_headers(source, tree))
        return replace(facts, outcome=Outcome.FEEDBACK, why="feedback_report", complaint=complaint, threads=threads)
    notice = read_bounce(source, headers, tree, facts.sender, facts.subject)
    if notice is not None:
        outcome = Outcome.DELAYED if notice.delayed else Outcome.BOUNCE
        threads = read_threads(headers, facts.subject, notice.returned)
        return replace(facts, outcome=outcome, why=notice.why, bounces=notice.bounces, threads=threads)

    if unsubscribe_token(facts.subject):
        return replace(facts, outcome=Outcome.UNSUBSCRIBE, why="subject")

    clue = auto_reply_clue(headers, tree, facts.subject)
    if clue == "bulk" or (clue is None and surroundings.answers_only and not facts.threads.tokens):
        return replace(facts, outcome=Outcome.NOT_FOR_US, why=clue or "no_token")
    text = new_text(body_lines(source, tree.parts))
    if clue is not None:
        until = last_day_away(text, facts.subject, _day_of(headers))
        return replace(facts, outcome=Outcome.AUTO_REPLY, why=clue, text=text, auto_reply_until=until)

    command = read_command(text, surroundings.aliases)
    if isinstance(command, Command):
        return replace(facts, outcome=Outcome.COMMAND, why="first_line", text=text, command=command)
    return replace(facts, why="new_text" if text else "no_new_text", text=text, command_fault=command)


def _facts(headers: HeaderBlock, surroundings: Surroundings) -> Reading:
    """Return what is told of a mail whatever it turns out to be, as a reply without text."""
    sender, subject = read_sender(headers), cut(clean_line(headers.shown("subject")), MAX_SUBJECT)
    domain = sender.address.domain if sender.address else ""
    return Reading(
        Outcome.REPLY,
        "",
        sender=sender,
        dmarc=dmarc_of(headers, surroundings.authserv_id, domain),
        message_id=own_message_id(headers),
        subject=subject,
        threads=read_threads(headers, subject),
    )


def _own_mail(headers: HeaderBlock, sender: Sender, surroundings: Surroundings) -> str:
    """Return the clue that runmail wrote a mail; empty when it did not."""
    if "x-runmail-event" in headers:
        return "own_header"
    if sender.address and without_tag(sender.address.key) in surroundings.own_addresses:
        return "own_address"
    return ""


def without_tag(key: str) -> str:
    """Return the comparison key of an address without its tag: `qa+x@example.com` is `qa@example.com`."""
    local, _, domain = key.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _with_line_feeds(source: bytes) -> bytes:
    """Return a mail with line feeds; the lines of some old programs end in a carriage return alone."""
    head = source[:4096]
    return source.replace(b"\r", b"\n") if b"\n" not in head and b"\r" in head else source


def _day_of(headers: HeaderBlock) -> date | None:
    """Return the day of Date; None when it is none (RFC 5322 3.3)."""
    found = _DATE.search(headers.first("date")[:100])
    if found is None or found[2].lower() not in _MONTHS:
        return None
    try:
        return date(int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]))
    except ValueError:
        return None
