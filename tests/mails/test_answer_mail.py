"""The mail of an automatic answer: plain words, in the thread of what it answers, and nothing that begins a loop."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from pydantic import ValidationError

from consumers.inbound.reading.commands import Command
from consumers.inbound.reading.outcome import Outcome
from consumers.inbound.reading.read_mail import Surroundings, read_mail
from consumers.inbound.reading.unanswerable import unanswerable
from consumers.mails.answer_words import OFFERS, REFUSALS
from consumers.mails.compose import Envelope, assemble
from consumers.mails.rendering import Rendered
from consumers.mails.wire import WireMismatch, check_wire
from consumers.meaning import consumer_of
from consumers.notice import Answered, Notice
from consumers.outbound.tokens import make_token
from consumers.own_events import ANSWER_DUE, AnswerDue
from profiles.profile import ImapSettings, Profile, Security
from tests.mails.conftest import NOON, PROFILE, RENDERER

TOKEN = make_token(b"k" * 32, 7, "eva@example.com", 1_700_000_000_000)
READ = replace(PROFILE, imap=ImapSettings("localhost", 143, Security.NONE, "qa"), plus_addressing=True)


def due(**changes: Any) -> AnswerDue:
    data = {
        "profile": "QA alerts",
        "recipients": ("eva@example.com",),
        "kind": "refused",
        "reason": "mute_too_long",
        "command": "mute 900d",
        "topic": "checkout-api",
        "sent_to": "eva@example.com",
        "offers": ("mute", "unmute", "stop"),
        "delivery": 17,
        "reply": 84,
        "in_reply_to": "1@client.example",
        "references": ("ours@example.com",),
        **changes,
    }
    envelope = {"specversion": "1.0", "id": "answer-1", "source": "runmail:answers", "type": ANSWER_DUE}
    return AnswerDue.model_validate({**envelope, "data": data})


def envelope_of(event: AnswerDue, notice: Notice, profile: Profile = READ) -> Envelope:
    return Envelope(
        event.id, event.type, profile, "eva@example.com", f"{TOKEN}@example.com", NOON, notice.thread_key,
        answered=notice.answered,
    )  # fmt: skip


def noticed(event: AnswerDue) -> Notice:
    consumer = consumer_of(event)
    assert consumer is not None
    notice = consumer(event)
    assert isinstance(notice, Notice)
    return notice


def made(**changes: Any) -> tuple[EmailMessage, Rendered, bytes]:
    event = due(**changes)
    notice = noticed(event)
    rendered = RENDERER.render(notice, event=event, profile=READ)
    message = assemble(rendered, envelope_of(event, notice))
    check_wire(message, envelope_of(event, notice))
    return email.message_from_bytes(message, policy=email.policy.default), rendered, message


def test_it_stands_in_the_thread_of_the_mail_it_answers_and_says_that_a_machine_wrote_it() -> None:
    message, _, raw = made()
    assert message["In-Reply-To"] == "<1@client.example>"
    assert message["References"] == "<ours@example.com> <1@client.example>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Unsubscribe"] is None
    assert message["Reply-To"] == f"qa+{TOKEN}@example.com"
    assert unanswerable(raw) == "own_header"


def test_it_says_what_was_not_done_why_and_what_to_do() -> None:
    message, rendered, _ = made()
    assert message["Subject"] == "Not done: checkout-api"
    for text in (*REFUSALS["mute_too_long"], "mute 900d", "eva@example.com", "“stop” – no mail about this"):
        assert text in rendered.text
    assert "Answer with one line" not in rendered.text + rendered.html


def test_help_lists_what_can_be_answered() -> None:
    message, rendered, _ = made(kind="help", reason=None, command="help", offers=tuple(OFFERS))
    assert message["Subject"] == "What you can answer: checkout-api"
    for line, text in OFFERS.values():
        assert f"“{line}” – {text}" in rendered.text


def test_a_stranger_is_told_no_name() -> None:
    message, rendered, _ = made(reason="not_the_recipient", topic=None, sent_to=None, offers=())
    assert message["Subject"] == "Not done: your answer"
    assert "Sent to" not in rendered.text
    assert "17" not in rendered.text.partition("--")[0]


@pytest.mark.parametrize(
    "forged",
    [
        "a@b>\r\nBcc: x@evil.example",
        "a@b\n",
        "a b@c",
        "=?utf-8?q?a=0D=0ABcc=3A_x=40evil?=@b c",
        "a@b> <c@d",
        '"a"@b',
        "ä@b",
        "a" * 200 + "@b",
    ],
)
def test_an_id_that_could_write_into_our_headers_is_refused(forged: str) -> None:
    for field in ({"in_reply_to": forged}, {"references": (forged,)}):
        with pytest.raises(ValidationError):
            due(**field)


def test_a_header_that_is_not_the_intended_one_is_seen_before_anything_is_sent() -> None:
    event = due()
    notice = noticed(event)
    message = assemble(RENDERER.render(notice, event=event, profile=READ), envelope_of(event, notice))
    for wrong in (Answered("2@client.example", ("ours@example.com",)), Answered("1@client.example", ()), None):
        with pytest.raises(WireMismatch):
            check_wire(message, envelope_of(event, replace(notice, answered=wrong)))


@pytest.mark.parametrize("changes", [{}, {"kind": "help", "reason": None, "offers": tuple(OFFERS)}, {"offers": ()}])
def test_nothing_of_it_is_a_command_when_it_comes_back_bare(changes: dict[str, Any]) -> None:
    _, rendered, raw = made(**changes)
    assert read_mail(raw).outcome is Outcome.OWN_MAIL
    for content, subtype in ((rendered.text, "plain"), (rendered.html, "html")):
        stripped = EmailMessage()
        stripped["From"], stripped["Subject"], stripped["Message-ID"] = "eva@example.com", "Re", "<2@client.example>"
        stripped["In-Reply-To"] = f"<{TOKEN}@example.com>"
        stripped.set_content(content, subtype=subtype)
        found = read_mail(stripped.as_bytes(), Surroundings(answers_only=True))
        assert found.command is None
        assert not any(
            isinstance(read_mail(_line(line)).command, Command) for line in found.text.splitlines() if line.strip()
        )


def _line(line: str) -> bytes:
    message = EmailMessage()
    message["From"] = "eva@example.com"
    message.set_content(line)
    return message.as_bytes()
