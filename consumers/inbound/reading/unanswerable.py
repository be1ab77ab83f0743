"""unanswerable: why a program must not answer a mail (RFC 3834 2), stricter than what tells people from machines.

To answer a machine may begin a loop, to answer a list may write to all of it; not to answer costs a person little. So
every mark of either counts here, also where the mail reads as if a person had written it.
"""

from __future__ import annotations

import re

from consumers.inbound.reading.auto_replies import HEADERS
from consumers.inbound.reading.header_block import HeaderBlock, read_headers
from consumers.inbound.reading.sender import read_sender

#: Headers that lists and mass mailers set (RFC 2369, RFC 2919).
_OF_LISTS = ("list-id", "list-post", "list-unsubscribe", "list-help", "mailing-list", "x-loop", "feedback-id")
_PRECEDENCES = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
#: Local parts that programs write from.
_PROGRAMS = re.compile(
    r"(?:mailer-daemon|postmaster|(?:no|do-?not)-?_?reply.*|bounces?|listserv|majordomo|root|daemon"
    r"|owner-.*|.*-(?:owner|request|bounces?))\Z"
)


def unanswerable(source: bytes) -> str | None:
    """Return the clue that forbids to answer a mail; None for what a person plainly wrote. Never raises."""
    try:
        return _clue(read_headers(source))
    except Exception as error:  # noqa: BLE001 - the edge of one mail: what cannot be looked at is not answered
        return f"fault: {type(error).__name__}"


def _clue(headers: HeaderBlock) -> str | None:
    if "x-runmail-event" in headers:
        return "own_header"
    if any(value.partition(";")[0].strip().lower() not in ("", "no") for value in headers.all("auto-submitted")):
        return "auto_submitted"
    if any(name in headers for name in HEADERS):
        return "auto_reply_header"
    if any(name in headers for name in _OF_LISTS):
        return "list"
    if any(value.strip().lower() in _PRECEDENCES for value in headers.all("precedence")):
        return "precedence"
    wishes = {each.strip().lower() for value in headers.all("x-auto-response-suppress") for each in value.split(",")}
    if wishes & {"all", "autoreply"}:
        return "suppressed_by_sender"
    if any(re.sub(r"\s", "", value) == "<>" for value in headers.all("return-path")):
        return "null_sender"
    sender = read_sender(headers).address
    if sender is None:
        return "no_sender"
    return "program" if _PROGRAMS.match(sender.key.rpartition("@")[0]) else None
