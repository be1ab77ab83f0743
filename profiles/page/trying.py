"""Beginning the connection tests that pages ask for: bounded, noted in the audit trail, then on their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request

from profiles.drafts import Credentials
from profiles.last_test import LastTest
from profiles.noted_tests import note_test
from profiles.page.draft_shelf import KeptForm
from profiles.page.parts import ProfileParts
from profiles.page.trials import Came, Trial, Watch, Work
from profiles.profile import Profile
from profiles.reach import Reach
from profiles.sealing import Service
from profiles.trying_out import try_service

#: The mark of a credential that is kept with the profile.
STORED = "stored"


@dataclass(frozen=True, slots=True)
class Asked:
    """A test that someone asks for: settings, the services with their credentials, and whom to write to, if anyone."""

    profile: Profile
    credentials: Mapping[Service, str | None] = field(repr=False)
    mail_to: str = ""


def begin(
    parts: ProfileParts, request: Request, asked: Asked, *, draft: KeptForm | None = None, keep_result: bool = False
) -> Trial:
    """Begin a test; `keep_result` keeps what it came to beside the profile, whose settings it must be.

    Raises:
        TooManyTrials: when none may begin just now.
    """

    def work(watch: Watch, reach: Reach) -> Came:
        tests = {}
        for service, credential in asked.credentials.items():
            tests[service] = _try(parts, asked, service, credential, watch, reach)
            if keep_result:
                parts.store.record_test(asked.profile.id, service, tests[service])
        return Came(tests)

    return begin_work(parts, request, asked, work, draft=draft)


def begin_work(parts: ProfileParts, request: Request, asked: Asked, work: Work, *, draft: KeptForm | None) -> Trial:
    """Begin work of any kind that connects to the servers of `asked`.

    Raises:
        TooManyTrials: when none may begin just now.
    """
    owner, author = parts.owner(request), parts.author(request)
    parts.trials.check(author.who)
    # Noted before anything is connected to, so that no test is without an entry.
    note_test(parts.store, asked.profile, asked.credentials, author, mail_to=asked.mail_to)
    marks = dict.fromkeys(asked.credentials, STORED) | (dict(draft.marks) if draft else {})
    return parts.trials.begin(
        work,
        owner=owner,
        who=author.who,
        profile=asked.profile,
        services=tuple(asked.credentials),
        draft_id=draft.id if draft else None,
        marks=marks,
    )


def run_test(
    parts: ProfileParts, watch: Watch, reach: Reach, profile: Profile, service: Service, credential: str
) -> LastTest:
    """Test one service, as rotating a credential does."""
    return _try(parts, Asked(profile, {service: credential}), service, credential, watch, reach)


def tests_of(
    trials: list[Trial], profile: Profile, credentials: Credentials, marks: Mapping[Service, str]
) -> dict[Service, LastTest]:
    """Return what the tests of an unsaved form say of the settings and credentials that are saved now."""
    found: dict[Service, LastTest] = {}
    for trial in trials:
        for service, test in (trial.came.tests if trial.came else {}).items():
            mark = marks.get(service, "") if credentials.of(service) else STORED
            if service not in found and trial.marks.get(service) == mark and _same(trial.profile, profile, service):
                found[service] = test
    return found


def _try(
    parts: ProfileParts, asked: Asked, service: Service, credential: str | None, watch: Watch, reach: Reach
) -> LastTest:
    each: Any = partial(watch, service)
    mail_to = asked.mail_to if service == "smtp" else ""
    return try_service(asked.profile, service, credential, each, now=parts.now(), mail_to=mail_to, reach=reach)


def _same(tested: Profile, saved: Profile, service: Service) -> bool:
    if service == "imap":
        return tested.imap == saved.imap
    return (tested.smtp, tested.from_address) == (saved.smtp, saved.from_address)
