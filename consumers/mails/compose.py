"""Composing: the whole RFC 5322 message for one recipient, as the bytes that go after DATA.

Every header is made here and listed in HEADER_NAMES; `wire` checks the result against that list.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from consumers.mails.answering import reply_address, unsubscribe_link
from consumers.mails.encoding import encode_text, encoded_words
from consumers.mails.rendering import Rendered
from consumers.notice import Answered
from profiles.profile import Profile

#: The headers of every message in their order; those of OPTIONAL stand only in some.
HEADER_NAMES = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Reply-To",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "List-Id",
    "List-Unsubscribe",
    "X-Runmail-Event",
    "X-Runmail-Type",
    "X-Runmail-Profile",
    "MIME-Version",
    "Content-Type",
)
#: Headers that stand only where the profile has an address for answers, or its answers are read.
OPTIONAL = ("Reply-To", "List-Unsubscribe")

_VERBATIM_ID = re.compile(r"[A-Za-z0-9._:/-]{1,200}\Z")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]{1,60}\Z")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a message carries besides its text. `message_id` is without brackets; `recipient` one address.

    `answered` is the mail that this one answers by itself (RFC 3834).
    """

    event_id: str
    event_type: str
    profile: Profile
    recipient: str
    message_id: str
    date: datetime
    thread_key: str
    domain: str | None = None
    answered: Answered | None = None


def assemble(rendered: Rendered, envelope: Envelope) -> bytes:
    """Return the message: 7-bit octets, CRLF line ends, text and HTML as alternatives (RFC 2046 5.1.4)."""
    profile = envelope.profile
    # "=_" occurs in neither quoted-printable nor base64, so the boundary cannot stand in a part (RFC 2045 6.7).
    boundary = "=_" + hashlib.sha256(envelope.message_id.encode("utf-8", "replace")).hexdigest()[:24]
    standing = standing_headers(envelope)
    optional = optional_headers(envelope)
    lines = [
        _mailbox("From", profile.from_name, profile.from_address),
        _line("To", envelope.recipient),
        encode_text("Subject", rendered.subject),
        _line("Date", format_datetime(envelope.date)),
        _line("Message-ID", f"<{envelope.message_id}>"),
        _line("In-Reply-To", standing["In-Reply-To"]),
        _line("References", standing["References"]),
        _optional("Reply-To", optional),
        _line("Auto-Submitted", standing["Auto-Submitted"]),
        _line("X-Auto-Response-Suppress", "All"),
        _line("List-Id", f"<{list_id(profile, envelope.domain)}>"),
        _optional("List-Unsubscribe", optional),
        _line("X-Runmail-Event", shown_event_id(envelope.event_id)),
        _line("X-Runmail-Type", envelope.event_type),
        encode_text("X-Runmail-Profile", profile.name),
        _line("MIME-Version", "1.0"),
        _line("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
        b"\r\n",
    ]
    mark = b"--" + boundary.encode("ascii")
    parts = (mark, b"\r\n", rendered.text_part, mark, b"\r\n", rendered.html_part, mark, b"--\r\n")
    return b"".join((*lines, *parts))


def standing_headers(envelope: Envelope) -> dict[str, str]:
    """Return the headers that say what a message belongs to, and that no person wrote it (RFC 3834 5)."""
    answered = envelope.answered
    if answered is None:
        root = thread_root(envelope.profile, envelope.thread_key, envelope.domain)
        return {"In-Reply-To": root, "References": root, "Auto-Submitted": "auto-generated"}
    references = (*answered.references, answered.in_reply_to)
    return {
        "In-Reply-To": f"<{answered.in_reply_to}>",
        "References": " ".join(f"<{each}>" for each in dict.fromkeys(references)),
        "Auto-Submitted": "auto-replied",
    }


def optional_headers(envelope: Envelope) -> dict[str, str]:
    """Return the values of those of OPTIONAL that a message has."""
    profile, message_id = envelope.profile, envelope.message_id
    # Who gets an automatic answer asked for it, and is subscribed to nothing by it.
    unsubscribe = None if envelope.answered else unsubscribe_link(profile, message_id)
    found = {
        "Reply-To": profile.reply_to or reply_address(profile, message_id),
        "List-Unsubscribe": f"<{unsubscribe}>" if unsubscribe else None,
    }
    return {name: value for name, value in found.items() if value}


def thread_root(profile: Profile, thread_key: str, domain: str | None) -> str:
    """Return the Message-ID that mails of one conversation refer to; no mail of that id exists.

    Stable for a profile and thread key, and no token: it allows nobody anything.
    """
    digest = hashlib.sha256(f"{profile.id}\n{thread_key}".encode("utf-8", "replace")).hexdigest()[:32]
    return f"<thread-{digest}@{domain or _domain(profile)}>"


def list_id(profile: Profile, domain: str | None) -> str:
    """Return the List-Id of a profile (RFC 2919): for people's mail rules."""
    slug = re.sub(r"[^a-z0-9]+", "-", profile.name.lower()).strip("-")[:40]
    return f"{slug or f'profile-{profile.id}'}.runmail.{domain or _domain(profile)}"


def shown_event_id(event_id: str) -> str:
    """Return the id of an event as its header shows it: verbatim when harmless, else its SHA-256."""
    if _VERBATIM_ID.match(event_id):
        return event_id
    return hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()


def _domain(profile: Profile) -> str:
    return profile.from_address.rpartition("@")[2]


def _line(name: str, value: str) -> bytes:
    """Return a header whose value we made or checked; anything else but ASCII fails here."""
    return f"{name}: {value}\r\n".encode("ascii")


def _optional(name: str, values: dict[str, str]) -> bytes:
    return _line(name, values[name]) if name in values else b""


def _mailbox(name: str, shown: str, address: str) -> bytes:
    """Return a header of one mailbox, its display name as atoms or as encoded words."""
    if not shown:
        return _line(name, address)
    if _ATOMS.match(shown) and "=?" not in shown and shown == shown.strip():
        return _line(name, f"{shown} <{address}>")
    return f"{name}: ".encode("ascii") + encoded_words(shown) + f"\r\n <{address}>\r\n".encode("ascii")
