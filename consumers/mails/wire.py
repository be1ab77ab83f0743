"""The last look at a message: whether its final bytes are what was meant. Pure and quick; done for every mail."""

from __future__ import annotations

import re

from consumers.mails.compose import HEADER_NAMES, OPTIONAL, Envelope, optional_headers, standing_headers

#: Octets of a line without its CRLF (RFC 5322 2.1.1).
MAX_LINE = 998

#: The octets of a message: printable ASCII, and the tab, CR and LF between them.
_TEXT = bytes([9, 10, 13, *range(32, 127)])
_NAME = re.compile(rb"^([!-9;-~]+):", re.MULTILINE)


class WireMismatch(Exception):
    """Raised when the bytes of a message are not what was meant; says what differs, never the content."""


def check_wire(message: bytes, envelope: Envelope) -> None:
    """Check the final bytes of a message for one recipient.

    Header names exactly as intended and in order, one recipient, CRLF line ends alone, 7-bit text, lines of at
    most 998 octets, one end of the message.

    Raises:
        WireMismatch: naming the first rule that is broken.
    """
    # Counting and deleting octets is many times quicker than a pattern, and this runs for every mail.
    if not message.count(b"\r\n") == message.count(b"\n") == message.count(b"\r"):
        raise WireMismatch("a line does not end with CRLF")
    if message.translate(None, _TEXT):
        raise WireMismatch("an octet is no printable ASCII")
    if max(map(len, message.split(b"\r\n"))) > MAX_LINE:
        raise WireMismatch(f"a line is longer than {MAX_LINE} octets")
    head, blank, body = message.partition(b"\r\n\r\n")
    if not blank or not body.endswith(b"--\r\n"):
        raise WireMismatch("the message has no end")
    fields = _unfold(head)
    names = [name for name, _ in fields]
    optional = optional_headers(envelope)
    intended = [name for name in HEADER_NAMES if name not in OPTIONAL or name in optional]
    if names != intended:
        raise WireMismatch("the header names are not the intended ones")
    values = dict(fields)
    if values["To"] != envelope.recipient:
        raise WireMismatch("To is not the one recipient")
    address = envelope.profile.from_address
    if values["From"] != address and not values["From"].endswith(f" <{address}>"):
        raise WireMismatch("From is not the profile's address")
    if any(values[name] != value for name, value in optional.items()):
        raise WireMismatch("the addresses for answers are not the intended ones")
    if any(values[name] != value for name, value in standing_headers(envelope).items()):
        raise WireMismatch("the headers of its thread are not the intended ones")
    if values["Message-ID"] != f"<{envelope.message_id}>":
        raise WireMismatch("Message-ID is not the delivery's")


def _unfold(head: bytes) -> list[tuple[str, str]]:
    """Return the header fields with folding undone; a line that is neither field nor continuation is an error."""
    fields: list[tuple[str, str]] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            if not fields or not line.strip():
                raise WireMismatch("a header begins with a continuation")
            name, value = fields[-1]
            fields[-1] = (name, value + line.decode("ascii"))
            continue
        found = _NAME.match(line)
        if found is None:
            raise WireMismatch("a header line is no field")
        fields.append((found[1].decode("ascii"), line[found.end() :].decode("ascii").strip()))
    return fields
