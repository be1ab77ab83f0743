"""scan_notice: the recipients in a notice written for people, and what is said of each, by `bounce_texts`.

All servers write one of few forms: an introduction, then addresses, each at the beginning of a line or behind a label,
each with an answer beside or below it; then a copy of the mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from consumers.inbound.reading.bounce_status import telling_status
from consumers.inbound.reading.bounce_texts import COPIES, NOTICES
from consumers.inbound.reading.phrases import any_of

#: Lines of a notice that are read.
MAX_LINES = 400
#: Recipients of one notice that are read; our mails have one.
MAX_RECIPIENTS = 50
#: Lines of an answer.
MAX_ANSWER_LINES = 20
#: The system of a notice that no row of the table fits.
UNKNOWN = "unknown"

_LOCAL = r"[a-z0-9!#$%&*+/=?^_{|}~.][a-z0-9!#$%&*+/=?^_{|}~.'-]{0,63}"
_LABEL = r"[a-z0-9\u00a1-\U0010ffff-]{1,63}"
_ADDR = rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL}){{1,8}}"
_PHRASES = re.compile(any_of(phrase for row in NOTICES for phrase in row.phrases))
_SYSTEM_OF = {phrase: row for row in reversed(NOTICES) for phrase in row.phrases}
_COPY = re.compile(rf"[\s>*=_|-]*(?:{any_of(COPIES)})")
#: An address at the beginning of a line, bare, in brackets, quotes or behind a label, and the rest of the line.
_AT_START = re.compile(
    r"[\s>*•|(-]*(?:\[?<?\d{1,3}>?\]?[ .)]\s*)?"
    r"(?:(?:final |failed |original |intended |invalid |unknown |undeliverable )?"
    r"(?:recipients?|address|user|account|mailbox|rcpt to|to|empfänger|error-for|error description|expanded from"
    r"|destinataire|destinatario)(?: address)?\s*[:=]\s*)?"
    r"(?:\"[^\"]{0,100}\"\s*(?=<))?(?:\[?(?:smtp|mailto):\s*)?"
    rf"[<\"'(\[«“]*({_ADDR})[>\"')\]»”]*(?!\S*@)\s*[:;,.\]-]*\s*(.*)\Z",
    re.IGNORECASE,
)
#: An address within a sentence that speaks of it: an introduction, or an answer to RCPT.
_WITHIN = re.compile(rf"(?:[<\"'(\[«“=:\s]|mailto:|\A)({_ADDR})(?=[>\"')\]»”\s,.;:]|\Z)", re.IGNORECASE)
_SPEAKS = re.compile(
    r"rcpt to|rcpt=|addressed to|recipient|deliver|wasn't|mailbox|failed|user|address|rejected|account"
    r"|zugestellt|empfänger"
)
#: A notice of a delay says what would come later; one of a failure may say what came before.
_GIVEN_UP = re.compile(r"permanent (?:error|fail|fatal)|failed permanently|will not be retried|giving up|given up")
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
    delayed = any(row.delayed for _, row in intros) and not any(_GIVEN_UP.search(line) for line in head)
    recipients = _recipients(lines[:end], intros[0][0] if intros else 0, not_recipients)
    return Notice(system, delayed, recipients, "\n".join(lines[end:]))


def answer_for(lines: list[str], address: str) -> str:
    """Return what the lines say from the first one on that names an address; empty when none does."""
    folded = address.casefold()
    for number, line in enumerate(lines[:MAX_LINES]):
        if folded in line.casefold():
            return _answer(lines[number : number + MAX_ANSWER_LINES])
    return ""


def _recipients(lines: list[str], intro: int, not_recipients: frozenset[str]) -> tuple[NoticeRecipient, ...]:
    """Return the recipients below an introduction, else within a sentence of it, else above it."""
    starts = (
        _at_starts(lines, intro, not_recipients)
        or _within_sentence(lines, intro, not_recipients)
        or _at_starts(lines, 0, not_recipients)
    )
    answers: dict[str, NoticeRecipient] = {}
    for position, (number, address, rest) in enumerate(starts[:MAX_RECIPIENTS]):
        following = next((other for other, _, _ in starts[position + 1 :] if other > number), len(lines))
        said = _answer([rest, *lines[number + 1 : min(following, number + MAX_ANSWER_LINES)]])
        known = answers.get(address.casefold())
        if known is None or not known.said:
            answers[address.casefold()] = NoticeRecipient(address, said)
        elif said:
            answers[address.casefold()] = NoticeRecipient(known.recipient, f"{known.said} {said}")
    return tuple(answers.values())


def _at_starts(lines: list[str], first: int, not_recipients: frozenset[str]) -> list[tuple[int, str, str]]:
    """Return line number, address and the rest of the line for each line that begins with a recipient."""
    found = ((number, _AT_START.match(lines[number])) for number in range(first, len(lines)))
    return [(n, _bare(each[1]), each[2]) for n, each in found if each and _counts(_bare(each[1]), not_recipients)]


def _within_sentence(lines: list[str], first: int, not_recipients: frozenset[str]) -> list[tuple[int, str, str]]:
    """Return the same for the first sentence that speaks of a recipient; the line itself is the answer."""
    for number in range(first, len(lines)):
        if _SPEAKS.search(lines[number].casefold()):
            within = [_bare(each) for each in _WITHIN.findall(lines[number])]
            if counting := [each for each in within if _counts(each, not_recipients)]:
                return [(number, address, lines[number]) for address in counting]
    return []


def _bare(address: str) -> str:
    """Old Exchange writes X.400 names: `c=US;a= ;p=Example;dda:SMTP=ann@example.com`."""
    return address[5:] if address[:5].casefold() == "smtp=" else address


def _counts(address: str, not_recipients: frozenset[str]) -> bool:
    return not _NOT_RECIPIENT.match(address) and address.casefold() not in not_recipients


def _answer(lines: list[str]) -> str:
    """Return an answer as one line: the first paragraph, and the first one with a status code if that has none."""
    text = re.sub(r":\n{2,}", ":\n", "\n".join(line.strip() for line in lines))  # `because:` is no answer yet
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    said = [each for each in paragraphs if each]
    if not said:
        return ""
    coded = next((each for each in said if telling_status("", each)), said[0])
    return coded if coded is said[0] else f"{said[0]} {coded}"
