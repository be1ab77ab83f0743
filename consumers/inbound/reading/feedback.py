"""read_feedback: complaints that mailbox providers report about mail of ours (ARF, RFC 5965)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from consumers.inbound.reading.header_block import ADDRESS, read_headers
from consumers.inbound.reading.mime_walk import Tree
from consumers.inbound.reading.part_text import part_octets


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a report says: its Feedback-Type, such as `abuse`, and whose complaint it is, as far as it is told."""

    kind: str
    recipients: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the complaint as a document."""
        return {"kind": self.kind, "recipients": list(self.recipients)}


def read_feedback(source: bytes, tree: Tree) -> Complaint | None:
    """Return the complaint of a mail; None when it is no feedback report.

    Reports of DMARC and TLS are no complaints and have other types.
    """
    report = next((part for part in tree.parts if part.kind == "message/feedback-report"), None)
    if report is None:
        return None
    fields = read_headers(part_octets(source, report).lstrip(b"\r\n"))
    # RFC 6650: a type nobody knows counts as abuse.
    kind = re.sub(r"[^a-z-]", "", fields.first("feedback-type").lower()[:40]) or "abuse"
    told = [found[0] for value in fields.all("original-rcpt-to") for found in ADDRESS.finditer(value)]
    return Complaint(kind, tuple(dict.fromkeys(told)))
