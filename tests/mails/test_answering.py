"""What a mail promises of answers: all that works, and nothing that does not."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.inbound.reading.commands import Command, read_command
from consumers.inbound.reading.read_mail import read_mail
from consumers.inbound.reading.threads import FoundIn
from consumers.mails.compose import Envelope, assemble
from consumers.mails.wire import check_wire
from consumers.meaning import consumer_of
from consumers.notice import Notice, Taken
from consumers.outbound.tokens import make_token
from profiles.profile import ImapSettings, Profile, Security
from tests.mails.conftest import NOON, PROFILE, RENDERER, example

TOKEN = make_token(b"k" * 32, 7, "team@example.com", 1_700_000_000_000)
READ = replace(PROFILE, imap=ImapSettings("localhost", 143, Security.NONE, "qa"), plus_addressing=True)


def sent(profile: Profile, name: str = "alert", taken: Taken | None = None) -> tuple[EmailMessage, str, str]:
    """Return the mail of an example through a profile, with its text and HTML."""
    event = example(name)
    consumer = consumer_of(event)
    assert consumer is not None
    notice = consumer(event)
    assert isinstance(notice, Notice)
    rendered = RENDERER.render(replace(notice, taken=taken), event=event, profile=profile)
    envelope = Envelope(
        event.id, event.type, profile, "team@example.com", f"{TOKEN}@example.com", NOON, notice.thread_key
    )
    message = assemble(rendered, envelope)
    check_wire(message, envelope)
    return email.message_from_bytes(message, policy=email.policy.default), rendered.text, rendered.html


def test_where_answers_are_read_a_mail_has_a_signed_address_a_link_and_commands() -> None:
    message, text, html = sent(READ)
    assert message["Reply-To"] == f"qa+{TOKEN}@example.com"
    assert message["List-Unsubscribe"] == f"<mailto:qa@example.com?subject=unsubscribe%20{TOKEN}>"
    assert "Answer with one line: ack · mute 2h · stop" in text
    assert ">mute 2h</span>" in html


@pytest.mark.parametrize("profile", [PROFILE, replace(READ, reply_to="humans@example.com")])
def test_where_answers_are_not_read_nothing_is_promised(profile: Profile) -> None:
    message, text, html = sent(profile)
    assert message["Reply-To"] == profile.reply_to
    assert message["List-Unsubscribe"] is None
    assert "Answer with" not in text + html


@pytest.mark.parametrize(
    "profile",
    [
        replace(READ, plus_addressing=False),
        replace(READ, from_address="a-sender-with-a-long-name@example.com"),
    ],
)
def test_without_room_or_plus_addressing_there_is_no_signed_address_and_answers_go_to_the_sender(
    profile: Profile,
) -> None:
    message, text, _ = sent(profile)
    assert message["Reply-To"] is None
    assert "unsubscribe%20" in message["List-Unsubscribe"]
    assert "Answer with" in text


def test_a_sender_of_twenty_three_characters_just_fits() -> None:
    for length in (23, 24):
        message, _, _ = sent(replace(READ, from_address=f"{'a' * length}@example.com"))
        assert (message["Reply-To"] is not None) == (length == 23)


def test_a_rerun_is_offered_only_where_it_can_be_verified() -> None:
    for profile in (READ, replace(READ, allow_rerun=True), replace(READ, authserv_id="mx")):
        assert "rerun" not in sent(profile, "run-finished")[1]
    assert "rerun failed" in sent(replace(READ, allow_rerun=True, authserv_id="mx"), "run-finished")[1]


def test_an_alert_that_was_taken_in_hand_says_by_whom() -> None:
    taken = Taken("eva@example.com", datetime(2026, 11, 24, 11, 0, tzinfo=UTC))
    _, text, html = sent(READ, taken=taken)
    line = "Taken in hand by eva@example.com, Tue 24 Nov 2026, 12:00 CET."
    assert line in text
    assert line in html
    assert "Taken in hand" not in sent(READ)[1]


@pytest.mark.parametrize("name", ["alert", "run-finished", "summary-ready"])
def test_no_line_of_our_own_mail_is_a_command(name: str) -> None:
    _, text, _ = sent(replace(READ, allow_rerun=True, authserv_id="mx"), name)
    for line in text.splitlines():
        assert not isinstance(read_command(line), Command), line


def test_the_unsubscribe_link_is_read_back_as_what_it_is() -> None:
    profile = replace(READ, from_address="qa+100%&more@example.com")
    message, _, _ = sent(profile)
    link = urlsplit(message["List-Unsubscribe"].strip("<>"))
    assert unquote(link.path) == profile.from_address
    answer = EmailMessage()
    answer["From"], answer["To"] = "team@example.com", unquote(link.path)
    answer["Subject"] = unquote(link.query.removeprefix("subject="))
    found = read_mail(answer.as_bytes())
    assert found.outcome == "unsubscribe"
    assert [(clue.token, clue.found_in) for clue in found.threads.tokens] == [(TOKEN, FoundIn.SUBJECT)]


@given(st.from_regex(r"[a-z0-9.+&%=_-]{1,60}", fullmatch=True).filter(lambda text: ".." not in f".{text}."))
def test_whatever_the_sender_is_called_the_mail_is_what_was_meant(local: str) -> None:
    message, _, _ = sent(replace(READ, from_address=f"{local}@example.com"))
    assert message["From"].addresses[0].addr_spec == f"{local}@example.com"
