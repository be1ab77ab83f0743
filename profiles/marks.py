"""What an admin should know of a profile at a glance: named marks, each with a plain sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.sealing import Service
from profiles.stages import DAY_MILLISECONDS
from profiles.usage import Use

#: Days without a mail after which a profile counts as unused: a quarter of a year.
UNUSED_DAYS = 90
#: Days before the end of a certificate or password from which it is told: long enough to have a new one made.
ENDING_DAYS = 30

#: Words in a mailbox's name that say it belongs to a task and to no person.
TASK_WORD = re.compile(
    r"accounts?|admins?|alerts?|automation|bots?|builds?|ci|cd|devops|deploy(ments?)?|dev|do|github|gitlab|help(desk)?|"
    r"info|it|jenkins|jobs?|mail(er|ing)?|monitor(ing)?|no(reply)?|not|notif(y|ier|ications?)|office|ops|pipelines?|"
    r"platform|qa|quality|releases?|repl(y|ies)|reports?|results?|robot|runs?|sender|servers?|services?|smtp|support|"
    r"system|team|test(s|er|ing)?|the|tools?|web"
)
#: Two or three words of letters between dots, such as ada.lovelace.
_WORDS = re.compile(r"[^\W\d_]{2,}(?:\.[^\W\d_]+){1,2}\Z")


class MarkName(StrEnum):
    """What a mark is about; programs rely on these names."""

    DISABLED = "disabled"
    BREAKER_OPEN = "breaker_open"
    FAILING = "failing"
    NEVER_TESTED = "never_tested"
    UNUSED = "unused"
    CERTIFICATE_ENDED = "certificate_ended"
    CERTIFICATE_ENDING = "certificate_ending"
    CREDENTIAL_ENDED = "credential_ended"
    CREDENTIAL_ENDING = "credential_ending"
    PERSONAL_MAILBOX = "personal_mailbox"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: `said` is a sentence for people, `short` two or three words for a list."""

    name: MarkName
    short: str
    said: str


def marks(
    profile: Profile, tests: Mapping[Service, LastTest], use: Use, *, created_at: int, now: int
) -> tuple[Mark, ...]:
    """Return what stands out about a profile at `now` (milliseconds UTC), the gravest first."""
    return (
        *_standing(profile, tests, use),
        *_credential(profile, now),
        *_certificates(tests, now),
        *_unused(use, created_at, now),
        *_personal(profile),
    )


def is_personal(address: str) -> bool:
    """Say whether a mailbox looks like a person's: two or three names with dots, and no word of a task among them."""
    local = address.rpartition("@")[0].partition("+")[0].casefold()
    return bool(_WORDS.match(local)) and not any(TASK_WORD.fullmatch(word) for word in local.split("."))


def _standing(profile: Profile, tests: Mapping[Service, LastTest], use: Use) -> Iterator[Mark]:
    if not profile.enabled:
        held = f"; {use.waiting} mails wait" if use.waiting else ""
        yield Mark(MarkName.DISABLED, "disabled", f"it is switched off{held}")
    if use.breaker is not None:
        why = _words(use.breaker)
        text = f"its server is left alone for now ({why}): {use.waiting} mails wait for a probe to get through"
        yield Mark(MarkName.BREAKER_OPEN, f"breaker open: {use.breaker}", text)
    for service, test in tests.items():
        if not test.passed:
            text = f"the last {service.upper()} test failed: {_words(test.reason)}"
            yield Mark(MarkName.FAILING, f"failing: {test.reason}", text)
    if use.failing is not None:
        text = f"the latest attempts to send all failed: {_words(use.failing)}"
        yield Mark(MarkName.FAILING, f"failing: {use.failing}", text)
    if "smtp" not in tests and use.last is None and use.failing is None:
        yield Mark(MarkName.NEVER_TESTED, "never tested", "it was neither tested nor used: test it")


def _credential(profile: Profile, now: int) -> Iterator[Mark]:
    end = profile.credential_expires
    if end is None:
        return
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    if end < today:
        text = f"its password was good until {end}: rotate it"
        yield Mark(MarkName.CREDENTIAL_ENDED, "password ended", text)
    elif end <= today + timedelta(days=ENDING_DAYS):
        text = f"its password ends on {end}: rotate it"
        yield Mark(MarkName.CREDENTIAL_ENDING, f"password ends {end}", text)


def _certificates(tests: Mapping[Service, LastTest], now: int) -> Iterator[Mark]:
    for service, test in tests.items():
        if test.certificate_expires is None:
            continue
        end = _day(test.certificate_expires)
        if test.certificate_expires <= now:
            text = f"the {service.upper()} server's certificate ended on {end}, as the last test saw it"
            yield Mark(MarkName.CERTIFICATE_ENDED, "certificate ended", text)
        elif test.certificate_expires <= now + ENDING_DAYS * DAY_MILLISECONDS:
            text = f"the {service.upper()} server's certificate ends on {end}, as the last test saw it"
            yield Mark(MarkName.CERTIFICATE_ENDING, f"certificate ends {end}", text)


def _unused(use: Use, created_at: int, now: int) -> Iterator[Mark]:
    since = use.last if use.last is not None else created_at
    if not use.waiting and now - since > UNUSED_DAYS * DAY_MILLISECONDS:
        text = f"no mail went through it for {UNUSED_DAYS} days" + ("" if use.last else ", nor ever before")
        yield Mark(MarkName.UNUSED, f"unused {UNUSED_DAYS} days", text)


def _personal(profile: Profile) -> Iterator[Mark]:
    """Mark a person's mailbox that writes to several people: it ends when the person leaves."""
    shared = len(profile.recipients) > 1
    mailboxes = (profile.from_address, profile.smtp.username or "", profile.imap.username or "" if profile.imap else "")
    found = next((mailbox for mailbox in mailboxes if is_personal(mailbox)), None)
    if shared and found is not None:
        text = f"{found} looks like a person's mailbox, and several people get its mail: use one of its own"
        yield Mark(MarkName.PERSONAL_MAILBOX, "personal mailbox", text)


def _words(reason: str | None) -> str:
    return (reason or "").replace("_", " ")


def _day(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()
