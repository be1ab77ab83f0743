"""Generated hostile events: whether anything an event says becomes a header, a recipient or an HTML element.

Each event is written as the worker writes it, checked byte by byte, and its page is parsed and compared with that of
a harmless event of the same shape. No server is needed, so that a hundred thousand take minutes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from consumers.contract.reading import MalformedEvent, read_event
from consumers.mails.compose import HEADER_NAMES, OPTIONAL
from consumers.outbound.planner import plan_recipients
from profiles.smtp_wire import stuff
from tests.mails.conftest import PROFILE, mail
from tests.mails.test_hostile_events import NASTY, Elements, alert, run, summary

#: Texts seen to become a second recipient or an SMTP command.
NASTY_ADDRESSES = (
    '"a\r\nRSET\r\n"@example.org',
    "u@x> ORCPT=rfc822;e <e@v",
    "a@example.com,b@example.org",
    "a@example.com\r\nBcc: b@example.org",
    "a@example.com>\r\nRCPT TO:<b@example.org",
    "=?utf-8?q?a?=@example.com",
    "a@example.com SIZE=1",
    "<a@example.com>",
    "a@[127.0.0.1]",
    "a@example.com\0",
    "ä@example.com",
    "@example.com",
    "a@b@example.com",
    "a@example.com\u2028b@example.org",
)
#: Pieces that texts are put together from, beside whole nasty ones and letters of chance.
PIECES = (
    *NASTY,
    "\r",
    "\n",
    "\r\n.\r\n",
    "=?",
    "?=",
    "<",
    ">",
    '"',
    "'",
    "&",
    "--",
    "{{",
    "}}",
    "\0",
    "\u2028",
    "é",
    "漢",
)
MAKERS = (run, alert, summary)
URL = "https://ci.example.com/1?a=%22&b=<x>"


@dataclass(slots=True)
class Injected:
    """What got through, and how many events were written; refused ones never became a mail."""

    events: int = 0
    refused: int = 0
    headers: int = 0
    recipients: int = 0
    elements: int = 0

    @property
    def total(self) -> int:
        """Everything that got through."""
        return self.headers + self.recipients + self.elements

    def __str__(self) -> str:
        """Return the one line."""
        return (
            f"hostile events: events={self.events} refused={self.refused} injected headers={self.headers} "
            f"recipients={self.recipients} elements={self.elements}"
        )


def texts(seed: int, count: int) -> Iterator[str]:
    """Yield hostile texts of chance."""
    chance = random.Random(seed)
    for _ in range(count):
        pieces = [chance.choice(PIECES) for _ in range(chance.randint(1, 3))]
        pieces += [chr(chance.randrange(0x20, 0x3000)) for _ in range(chance.randint(0, 8))]
        chance.shuffle(pieces)
        # What no JSON document can carry, no event can say.
        yield "".join(pieces).encode("utf-8", "replace").decode()


def inject(seed: int, count: int) -> Injected:
    """Write `count` hostile events and count what got through."""
    found = Injected()
    calm = {make: set(Elements(mail(read_event(make("calm"))).html).found) | {("br", ())} for make in MAKERS}
    chance = random.Random(seed)
    for text in texts(seed, count):
        make = chance.choice(MAKERS)
        found.events += 1
        found.recipients += _recipients((chance.choice(NASTY_ADDRESSES), text, f"{text}@example.com"))
        try:
            written = mail(read_event(make(text)))
        except MalformedEvent:
            found.refused += 1
            continue
        head, _, _ = written.message.partition(b"\r\n\r\n")
        found.headers += _header_names(head) != [name for name in HEADER_NAMES if name not in OPTIONAL]
        # On the wire leading dots are doubled, and the one lone dot is the end that `stuff` leaves to the link.
        found.headers += stuff(written.message).count(b"\r\n.\r\n") + (b"\r\nTo: team@example.com\r\n" not in head)
        page = Elements(written.html)
        found.elements += len(set(page.found) - calm[make])
        found.elements += len([link for link in page.links if link != URL and not str(link).startswith("cid:")])
    return found


def _header_names(head: bytes) -> list[str]:
    """Return the names of a head's fields as a strict reader sees them."""
    lines = head.split(b"\r\n")
    return [line.partition(b":")[0].decode("ascii", "replace") for line in lines if not line.startswith((b" ", b"\t"))]


def _recipients(addresses: tuple[str, ...]) -> int:
    """Count the addresses that would reach the wire as anything but one bare address."""
    planned: list[Any] = [each for each in plan_recipients(addresses, PROFILE) if each.state == "pending"]
    strange = set(' \t\r\n\0<>,;:"()[]\\')
    return sum(1 for each in planned if strange & set(each.recipient) or each.recipient.count("@") != 1)
