"""scan_notice: the recipients in a notice written for people, and what is said of each, by `bounce_texts`.

All servers write one of few forms: an introduction, then addresses, each at the beginning of a line or behind a label,
each with an answer beside or below it; then a copy of the mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from consumers.inbound.reading.attributions import casefold_words
from consumers.inbound.reading.bounce_texts import COPIES, NOTICES

#: Lines of a notice that are read.
MAX_LINES = 400
#: Recipients of one notice that are read; our mails have one.
MAX_RECIPIENTS = 50
#: Lines of an answer.
MAX_ANSWER_LINES = 12
#: The system of a notice that no row of the table fits.
UNKNOWN = "unknown"

_LOCAL = r"[a-z0-9!#$%&*+/=?^_{|}~.][a-z0-9!#$%&*+/=?^_{|}~.'-]{0,63}"
_LABEL = r"[a-z0-9\u0080-\U0010ffff-]{1,63}"
_ADDR = rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL}){{1,8}}"
_PHRASES = re.compile("|".join(re.escape(phrase) for row in NOTICES for phrase in row.phrases))
_SYSTEM_OF = {phrase: row for row in reversed(NOTICES) for phrase in row.phrases}
_COPY = re.compile(rf"[\s>*=_|-]*(?:{casefold_words(COPIES)})")
#: An address at the beginning of a line, bare, in brackets, quotes or behind a label, and the rest of the line.
_AT_START = re.compile(
    r"[\s>*•|(-]*(?:\[?<?\d{1,3}>?\]?[ .)]\s*)?"
    r"(?:(?:final |failed |original |intended |invalid |unknown |undeliverable )?"
    r"(?:recipients?|address|user|account|mailbox|rcpt to|to|empfänger|error-for|expanded from|destinataire|destinatario"
    r"|error description)(?: address)?\s*[:=]\s*)?"
    r"(?:\"[^\"]{0,100}\"\s*(?=<))?(?:\[?(?:smtp|mailto):\s*)?"
    rf"[<\"'(\[«“]*({_ADDR})[>\"')\]»”]*(?!\S*@)\s*[:;,.\]-]*\s*(.*)\Z",
    re.IGNORECASE,
)
#: An address within a sentence that speaks of it: an introduction, or an answer to RCPT.
_WITHIN = re.compile(rf"(?:[<\"'(\[«“=:\s]|mailto:|\A)({_ADDR})(?=[>\"')\]»”\s,.;:]|\Z)", re.IGNORECASE)
_SPEAKS = re.compile(
    r"rcpt to|rcpt=|addressed to|recipient|deliver|wasn't|mailbox|failed|user|address|rejected|zugestellt|empfänger|account"
)
_NOT_RECIPIENT = re.compile(r"(?:postmaster|mailer-daemon|abuse|support|hostmaster|helpdesk)@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NoticeRecipient:
    """A recipient that a notice names and what it says of it."""

    recipient: str
    said: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice for people: whose text it is, whether it is about a delay, and the recipients it names."""

    system: str
    delayed: bool
    recipients: tuple[NoticeRecipient, ...]
    #: The lines from which the copy of the mail begins.
    returned: str


def scan_notice(lines: list[str], not_recipients: frozenset[str] = frozenset()) -> Notice:
    """Read a notice; without an introduction of the table its system is `unknown`, and all lines are looked at.

    `not_recipients` are addresses that are no recipients wherever they stand: the daemon's, and ours.
    """
    lines = lines[:MAX_LINES]
    end = next(
        (number for number, line in enumerate(lines) if number and _COPY.match(line[:80].casefold())), len(lines)
    )
    head = [line.casefold() for line in lines[:end]]
    intros = [
        (number, _SYSTEM_OF[found[0]])
        for number, line in enumerate(head)
        if (found := _PHRASES.search(line.replace("’", "'")))
    ]
    specific = [row.system for _, row in intros if row.system != "others" and not row.delayed]
    system = specific[0] if specific else intros[0][1].system if intros else UNKNOWN
    delayed = any(row.delayed for _, row in intros) and not any(
        "permanent" in line or "failed permanently" in line or "will not be retried" in line or "giving up" in line
        for line in head
    )
    recipients = _recipients(lines[:end], intros[0][0] if intros else 0, not_recipients)
    return Notice(system, delayed, recipients, "\n".join(lines[end:]))


def answer_for(lines: list[str], address: str) -> str:
    """Return what the lines say of an address that is known to have failed: from its line on, else from the first."""
    folded = address.casefold()
    number = next((number for number, line in enumerate(lines[:MAX_LINES]) if folded in line.casefold()), 0)
    return _joined(lines[number : number + MAX_ANSWER_LINES])


def _recipients(lines: list[str], intro: int, not_recipients: frozenset[str]) -> tuple[NoticeRecipient, ...]:
    starts: list[tuple[int, str, str]] = []
    for number in range(intro, len(lines)):
        found = _AT_START.match(lines[number])
        if found and _counts(found[1], not_recipients):
            starts.append((number, _bare(found[1]), found[2]))
    if not starts:
        for number in (intro, *range(len(lines))):
            if _SPEAKS.search(lines[number].casefold()):
                within = [each for each in _WITHIN.findall(lines[number]) if _counts(each, not_recipients)]
                starts += [(number, _bare(address), lines[number]) for address in within]
            if starts:
                break
    answers: dict[str, NoticeRecipient] = {}
    for position, (number, address, rest) in enumerate(starts[:MAX_RECIPIENTS]):
        following = next((other for other, _, _ in starts[position + 1 :] if other > number), len(lines))
        said = _joined([rest, *lines[number + 1 : min(following, number + MAX_ANSWER_LINES)]])
        known = answers.get(address.casefold())
        if known is None or not known.said:
            answers[address.casefold()] = NoticeRecipient(address, said)
        elif said:
            answers[address.casefold()] = NoticeRecipient(known.recipient, f"{known.said} {said}")
    return tuple(answers.values())


def _bare(address: str) -> str:
    """Old Exchange writes X.400 names: `c=US;a= ;p=Example;dda:SMTP=ann@example.com`."""
    return address[5:] if address[:5].casefold() == "smtp=" else address


def _counts(address: str, not_recipients: frozenset[str]) -> bool:
    return not _NOT_RECIPIENT.match(address) and address.casefold() not in not_recipients


def _joined(lines: list[str]) -> str:
    """Return an answer as one line; it ends with its paragraph once it has said something."""
    said: list[str] = []
    for line in lines:
        if line.strip():
            said.append(line.strip())
        elif len(said) > 1:
            break
    return " ".join(" ".join(said).split())
