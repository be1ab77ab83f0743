"""read_delivery_status: what a machine-readable notice says of each recipient (DSN, RFC 3464)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from consumers.inbound.reading.header_block import ADDRESS, HeaderBlock, read_headers

#: Recipients of one notice that are read; our mails have one.
MAX_RECIPIENTS = 100


class Action(StrEnum):
    """What became of a mail for one recipient (RFC 3464 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What a notice says of one recipient; `said` is the Diagnostic-Code without its type."""

    recipient: str
    action: Action | None
    status: str
    said: str


def read_delivery_status(octets: bytes) -> tuple[RecipientStatus, ...]:
    """Read the blocks of a message/delivery-status part: one about the mail, then one for each recipient.

    Notices that leave out the blank line between blocks, or the first block, are understood too.
    """
    found: list[RecipientStatus] = []
    position = 0
    while position < len(octets) and len(found) < MAX_RECIPIENTS:
        block = read_headers(octets, position)
        if block.end <= position:
            break
        position = block.end
        status = _read_block(block)
        if status is not None:
            found.append(status)
    return tuple(found)


def _read_block(block: HeaderBlock) -> RecipientStatus | None:
    recipient = _address(block, "original-recipient") or _address(block, "final-recipient")
    if not recipient:
        return None
    word = re.match(r"[a-z]*", block.first("action").lower())
    named = word[0] if word else ""
    if named == "failure":
        named = "failed"
    action = Action(named) if named in set(Action) else None
    kind, semicolon, said = block.first("diagnostic-code").partition(";")
    return RecipientStatus(recipient, action, block.first("status"), (said if semicolon else kind).strip())


def _address(block: HeaderBlock, name: str) -> str:
    """Return the address of `rfc822; <a@example.com>`; the type and the brackets are often missing or odd."""
    value = block.first(name)
    found = ADDRESS.search(value.partition(";")[2] or value)
    return found[0].strip("'") if found else ""
