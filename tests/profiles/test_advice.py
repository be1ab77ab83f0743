"""Every failure is told in plain words, with something to do about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import profiles
from profiles.advice import TEXTS, explain
from profiles.errors import TransientMailError
from profiles.profile import ImapSettings, Security, SmtpSettings
from profiles.reach import METADATA, forbidden
from profiles.verbs import Verb

SMTP = SmtpSettings("mail.example.com", 587, Security.TLS, "qa@example.com")


FOLDER = Path(next(iter(profiles.__path__)))
#: Everything in the package that can name a reason, by file.
SOURCES = {path.name: path.read_text() for path in FOLDER.glob("*.py") if path.name != "advice.py"}


def _named_reasons() -> set[str]:
    """Return the reasons that are raised anywhere, and every name that `classify` and `reach` choose from."""
    found = {reason for source in SOURCES.values() for reason in re.findall(r'MailError\(\s*"([a-z_]+)"', source)}
    for name in ("classify.py", "reach.py"):
        found |= set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', SOURCES[name]))
    return found


def test_every_reason_has_its_words() -> None:
    reasons = _named_reasons()
    assert len(reasons) > 50
    assert reasons - set(TEXTS) == set(), "a reason without words for a person"


def test_no_words_are_kept_for_a_reason_that_nobody_names() -> None:
    everything = "".join(SOURCES.values())
    assert {reason for reason in TEXTS if f'"{reason}"' not in everything} == set()


@pytest.mark.parametrize("reason", TEXTS)
@pytest.mark.parametrize("settings", [SMTP, ImapSettings("mail.example.com", 993)], ids=["smtp", "imap"])
def test_the_words_have_no_gaps(reason: str, settings: SmtpSettings | ImapSettings) -> None:
    told = explain(TransientMailError(reason), settings)
    assert told.said
    assert told.advice
    assert "{" not in told.said + told.advice


def test_the_servers_own_words_stand_beside_ours() -> None:
    error = TransientMailError("authentication_refused", code=535, status="5.7.8", answer="try harder {x}")
    assert "“535 5.7.8 try harder {x}”" in explain(error, SMTP).said


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("smtp.office365.com", "Microsoft 365"),
        ("SMTP.GMAIL.COM", "Google"),
        ("smtp.mail.yahoo.com", "app passwords only"),
        ("mail.example.com", "two-factor"),
        ("notgmail.com", "two-factor"),
    ],
)
def test_a_refused_login_knows_the_provider(host: str, says: str) -> None:
    advice = explain(TransientMailError("authentication_refused"), SmtpSettings(host, 587, username="qa")).advice
    assert says in advice


@pytest.mark.parametrize(
    ("settings", "reason", "verb", "says"),
    [
        (SmtpSettings("h", 587, Security.TLS), "tls_not_spoken", Verb.TLS, "starttls"),
        (SmtpSettings("h", 465, Security.STARTTLS), "timed_out", Verb.GREETING, "security to tls, usually at port 465"),
        (ImapSettings("h", 143, Security.TLS), "tls_not_spoken", Verb.TLS, "143"),
        (ImapSettings("h", 993, Security.STARTTLS), "timed_out", Verb.GREETING, "993"),
        (SmtpSettings("h", 25, Security.STARTTLS), "starttls_missing", Verb.STARTTLS, "465"),
        (SmtpSettings("h", 25, Security.TLS), "timed_out", Verb.CONNECT, "firewall"),
    ],
)
def test_a_port_that_does_not_fit_the_security_is_told_with_the_one_that_does(
    settings: SmtpSettings, reason: str, verb: Verb, says: str
) -> None:
    assert says in explain(TransientMailError(reason, verb=verb), settings).advice


def test_every_metadata_address_is_refused_for_what_it_is() -> None:
    assert {forbidden(str(address)) for address in METADATA} == {"address_is_cloud_metadata"}
