"""The mail of a connection test: what it says, what its headers are, and that it reaches the one it was sent to."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes

import pytest

from profiles.profile import Profile, Security, SmtpSettings
from profiles.trial_mail import write_trial_mail
from tests.profiles.test_checks import of_exim, smtp_stages, told
from tests.rig.authority import Authority
from tests.rig.exim import Exim

NOW = 1_700_000_000_000
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
]  # fmt: skip


@pytest.mark.parametrize("name", ["QA", "Prüfung", "=?utf-8?q?a=0D=0ABcc=3A_x=40evil?=", 'a", <x@evil>,"b', ""])
def test_its_headers_are_the_ones_meant_whatever_the_sender_is_called(name: str) -> None:
    profile = Profile(0, "QA\u2003alerts", "qa@example.com", SmtpSettings("h", 25), from_name=name)
    mail = message_from_bytes(write_trial_mail(profile, "ada@example.com", NOW, lambda: "x1"))
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert mail["To"] == "ada@example.com"
    assert "qa@example.com" in mail["From"]
    assert mail["Message-ID"] == "<x1@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.real("exim")
def test_it_is_sent_as_the_last_stage_to_the_one_who_asked(exim: Exim, authority: Authority) -> None:
    profile = of_exim(exim, authority, Security.TLS)
    stages = smtp_stages(profile, exim.password, recipient="team@example.com", send=True)
    assert told(stages)[-2:] == [("recipient", "ok"), ("mail", "ok")]
    assert b"to test the email profile" in exim.wait_for(1)[0]


@pytest.mark.real("exim")
def test_a_refused_recipient_gets_no_mail_and_fails_the_test(exim: Exim, authority: Authority) -> None:
    profile = replace(of_exim(exim, authority, Security.TLS))
    stages = smtp_stages(profile, exim.password, recipient="later@example.com", send=True)
    assert told(stages)[-1] == ("recipient", "failed")
    assert exim.home.messages() == []
