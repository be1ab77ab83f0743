"""What stands out about a profile is marked by name, at the day it begins to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from profiles.last_test import LastTest
from profiles.marks import Mark, MarkName, is_personal, marks
from profiles.profile import Profile, SmtpSettings
from profiles.stages import DAY_MILLISECONDS
from profiles.usage import Use

NOW = int(datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp() * 1000)
FINE = LastTest(NOW, "recipient")
USED = Use(times=3, last=NOW - DAY_MILLISECONDS)


def look(profile: Profile, test: LastTest | None = FINE, use: Use = USED, created_at: int = 0) -> list[Mark]:
    return list(marks(profile, {"smtp": test} if test else {}, use, created_at=created_at, now=NOW))


def names(found: list[Mark]) -> list[MarkName]:
    return [mark.name for mark in found]


@pytest.fixture
def profile() -> Profile:
    return Profile(1, "QA", "qa@example.com", SmtpSettings("smtp.example.com", 465), recipients=("a@x.org", "b@x.org"))


def test_a_profile_that_is_fine_has_no_mark(profile: Profile) -> None:
    assert look(profile) == []


def test_what_is_switched_off_failing_or_never_tried_is_marked(profile: Profile) -> None:
    (off,) = look(replace(profile, enabled=False), use=replace(USED, waiting=4))
    assert (off.name, "4 mails wait" in off.said) == (MarkName.DISABLED, True)
    (failing,) = look(profile, replace(FINE, reason="authentication_refused"))
    assert (failing.name, failing.short) == (MarkName.FAILING, "failing: authentication_refused")
    (sending,) = look(profile, use=replace(USED, failing="connection_refused"))
    assert (sending.name, sending.short) == (MarkName.FAILING, "failing: connection_refused")
    assert names(look(profile, None, Use(), created_at=NOW)) == [MarkName.NEVER_TESTED]
    assert look(profile, None) == [], "what is in use need not be tested"


@pytest.mark.parametrize(("days", "marked"), [(90, False), (91, True)])
def test_a_profile_without_mail_for_90_days_is_unused(profile: Profile, days: int, marked: bool) -> None:
    then = NOW - days * DAY_MILLISECONDS
    assert names(look(profile, use=Use(last=then))) == [MarkName.UNUSED] * marked
    assert names(look(profile, use=Use(), created_at=then)) == [MarkName.UNUSED] * marked
    assert look(profile, use=Use(last=then, waiting=1)) == []


@pytest.mark.parametrize(
    ("end", "mark"),
    [
        (date(2026, 6, 14), MarkName.CREDENTIAL_ENDED),
        (date(2026, 6, 15), MarkName.CREDENTIAL_ENDING),
        (date(2026, 7, 15), MarkName.CREDENTIAL_ENDING),
        (date(2026, 7, 16), None),
    ],
)
def test_a_password_is_told_30_days_before_its_end(profile: Profile, end: date, mark: MarkName | None) -> None:
    assert names(look(replace(profile, credential_expires=end))) == ([mark] if mark else [])


@pytest.mark.parametrize(
    ("days", "mark"), [(0, MarkName.CERTIFICATE_ENDED), (29, MarkName.CERTIFICATE_ENDING), (31, None)]
)
def test_a_certificate_is_told_30_days_before_its_end(profile: Profile, days: int, mark: MarkName | None) -> None:
    test = replace(FINE, certificate_expires=NOW + days * DAY_MILLISECONDS)
    assert names(look(profile, test)) == ([mark] if mark else [])


@pytest.mark.parametrize(
    ("address", "personal"),
    [
        ("ada.lovelace@example.com", True),
        ("Ada.K.Lovelace@example.com", True),
        ("ada.lovelace+ci@example.com", True),
        ("qa.alerts@example.com", False),
        ("no.reply@example.com", False),
        ("ada@example.com", False),
        ("qa-alerts@example.com", False),
        ("build.4711@example.com", False),
        ("nightly.tests@example.com", False),
    ],
)
def test_a_mailbox_with_the_name_of_a_person_is_told_from_one_of_a_task(address: str, personal: bool) -> None:
    assert is_personal(address) is personal


def test_a_persons_mailbox_is_marked_when_several_people_get_its_mail(profile: Profile) -> None:
    hers = replace(profile, from_address="ada.lovelace@example.com")
    assert names(look(hers)) == [MarkName.PERSONAL_MAILBOX]
    assert look(replace(hers, recipients=("ada.lovelace@example.com",))) == []
    logs_in = replace(profile, smtp=replace(profile.smtp, username="ada.lovelace@example.com"))
    assert names(look(logs_in)) == [MarkName.PERSONAL_MAILBOX]
