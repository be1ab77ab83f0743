"""read_bounce: whether a mail says that another one did not arrive, for whom and why.

1. A delivery-status part is taken at its word (RFC 3464).
2. Else a mail of a mail system, known by its sender, subject or headers, is read as the notice for people it is.
3. The headers of the mail that came back are found wherever they stand: as a part, or quoted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from consumers.inbound.reading.bounce_marks import DAEMONS, SUBJECTS
from consumers.inbound.reading.bounce_scan import UNKNOWN, Notice, answer_for, scan_notice
from consumers.inbound.reading.bounce_status import MAX_SAID, judge
from consumers.inbound.reading.delivery_status import Action, RecipientStatus, read_delivery_status
from consumers.inbound.reading.header_block import ADDRESS, HeaderBlock
from consumers.inbound.reading.mime_walk import Part, Tree
from consumers.inbound.reading.new_text import lines_of
from consumers.inbound.reading.outcome import Bounce
from consumers.inbound.reading.part_text import part_octets, part_string
from consumers.inbound.reading.phrases import any_of
from consumers.inbound.reading.sender import Sender
from consumers.mails.cleaning import clean_line, cut

#: Parts that carry the mail that came back, or its headers (RFC 3462, RFC 6533).
_RETURNED = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"}
)
_STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
#: Octets of a returned mail in which its headers are looked for.
MAX_RETURNED = 16 * 1024

_TO = re.compile(rf"^(?:to|x-failed-recipients):[^\n]*?({ADDRESS.pattern})", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(rf"\W*(?:{any_of(SUBJECTS)})")
_DAEMON_NAME = re.compile(r"\W*(?:mailer-daemon|postmaster|mail delivery)", re.IGNORECASE)
#: The mail's subject says that the server still tries.
_DELAY_SUBJECT = re.compile(r"\(delay|delayed|warning: (?:could not send|message)|\bdelay\b|verzögert|retard|retraso")


@dataclass(frozen=True, slots=True)
class BounceNotice:
    """A bounce or, if `delayed`, a delay. `why` names the clue. `returned` are headers of the mail that came back."""

    why: str
    delayed: bool
    bounces: tuple[Bounce, ...]
    returned: str


def read_bounce(source: bytes, headers: HeaderBlock, tree: Tree, sender: Sender, subject: str) -> BounceNotice | None:
    """Read a bounce or delay; None when the mail is neither."""
    part = next((part for part in tree.parts if part.kind in _STATUS_PARTS), None)
    if part is not None:
        statuses = read_delivery_status(part_octets(source, part).lstrip(b"\r\n"))
        found = _from_status(statuses, _notice_lines(source, tree))
        if found is not None:
            delayed, bounces = found
            return BounceNotice("delivery_status", delayed, bounces, returned_headers(source, tree))
        if statuses and all(_action(each) for each in statuses):
            return None  # it arrived
    why = _mail_system(headers, tree, sender, subject)
    if why is None:
        return None
    lines = _notice_lines(source, tree)
    not_recipients = _not_recipients(headers, sender)
    notice = scan_notice(lines, not_recipients)
    returned = returned_headers(source, tree) or notice.returned
    bounces = (
        _named_recipients(headers, lines) or _from_notice(notice) or _from_returned(returned, lines, not_recipients)
    )
    if notice.system == UNKNOWN and not _is_certain(why, subject, bounces):
        return None
    delayed = notice.delayed or bool(_DELAY_SUBJECT.search(subject.casefold()))
    return BounceNotice(f"{why}: {notice.system}", delayed, bounces, returned)


def _is_certain(why: str, subject: str, bounces: tuple[Bounce, ...]) -> bool:
    """Say whether a mail whose text is like none of the table is a bounce all the same."""
    if why == "daemon":
        return bool(_SUBJECT.match(subject.casefold())) or any(bounce.status for bounce in bounces)
    if why == "subject":
        return bool(bounces)  # people write such subjects too
    return why in ("failed_recipients", "report")


def returned_headers(source: bytes, tree: Tree) -> str:
    """Return the beginning of the mail that came back, as text; empty when no part carries it."""
    part = next((part for part in tree.parts if part.kind in _RETURNED), None)
    return part_string(source, part)[:MAX_RETURNED] if part is not None else ""


def _from_status(statuses: tuple[RecipientStatus, ...], lines: list[str]) -> tuple[bool, tuple[Bounce, ...]] | None:
    """Return whether it is a delay, and the recipients; None when no recipient failed or waits.

    Where the machine-readable part has no answer, the text for people may have one.
    """
    for action in (Action.FAILED, Action.DELAYED):
        chosen = [each for each in statuses if _action(each) is action]
        if chosen:
            return action is Action.DELAYED, tuple(
                _judged(each.recipient, each.status, each.said or answer_for(lines, each.recipient)) for each in chosen
            )
    return None


def _action(status: RecipientStatus) -> Action | None:
    """Return the action of a recipient; where it is missing, the status tells."""
    if status.action is not None:
        return status.action
    return {"5": Action.FAILED, "4": Action.DELAYED}.get(status.status[:1])


def _judged(recipient: str, status: str, said: str) -> Bounce:
    reason, telling = judge(status, said)
    return Bounce(recipient, reason, telling, cut(clean_line(said[: 2 * MAX_SAID]), MAX_SAID))


def _mail_system(headers: HeaderBlock, tree: Tree, sender: Sender, subject: str) -> str | None:
    """Return the clue that a mail system wrote this mail; None when it may be a person's or an answering machine's."""
    if "x-failed-recipients" in headers:
        return "failed_recipients"
    if tree.root == "multipart/report" and tree.parameters.get("report-type", "").lower() == "delivery-status":
        return "report"
    local = sender.address.key.partition("@")[0] if sender.address else ""
    if local in DAEMONS or _DAEMON_NAME.match(headers.first("from")):
        return "daemon"
    null_path = headers.first("return-path").replace(" ", "") == "<>"
    if (null_path or not _is_answer(headers)) and _SUBJECT.match(subject.casefold()):
        return "subject"
    return "null_return_path" if null_path and "auto-submitted" not in headers and not _is_answer(headers) else None


def _is_answer(headers: HeaderBlock) -> bool:
    return "in-reply-to" in headers or "references" in headers


def _notice_lines(source: bytes, tree: Tree) -> list[str]:
    """Return the lines of the notice: its first three text parts, of any disposition, with quote marks."""
    texts: list[Part] = [part for part in tree.parts if part.kind in ("text/plain", "text/html")]
    lines: list[str] = []
    plain = [part for part in texts if part.kind == "text/plain"]
    for part in (plain or texts)[:3]:
        lines += lines_of(source, part)
    return lines


def _not_recipients(headers: HeaderBlock, sender: Sender) -> frozenset[str]:
    """Return addresses that a notice names without meaning them: its writer, and whom it was written to."""
    own = {sender.address.wire.casefold()} if sender.address else set()
    for name in ("to", "delivered-to", "envelope-to"):
        own |= {found[0].casefold() for value in headers.all(name) for found in ADDRESS.finditer(value)}
    return frozenset(own)


def _named_recipients(headers: HeaderBlock, lines: list[str]) -> tuple[Bounce, ...]:
    """Return the recipients that Exim and Gmail name in a header of their own."""
    named = [found[0] for value in headers.all("x-failed-recipients") for found in ADDRESS.finditer(value)]
    return tuple(_judged(each, "", answer_for(lines, each)) for each in dict.fromkeys(named))


def _from_notice(notice: Notice) -> tuple[Bounce, ...]:
    last = next((each.said for each in reversed(notice.recipients) if each.said), "")
    return tuple(_judged(each.recipient, "", each.said or last) for each in notice.recipients)


def _from_returned(returned: str, lines: list[str], not_recipients: frozenset[str]) -> tuple[Bounce, ...]:
    """Return the recipient of the mail that came back: each mail of ours has one."""
    found = _TO.search(returned)
    if found is None or found[1].casefold() in not_recipients:
        return ()
    return (_judged(found[1], "", answer_for(lines, found[1]) or " ".join(" ".join(lines[:20]).split())),)
