"""Trying out one side of a profile for whoever watches: each stage is told as it happens, the whole is summed up.

The profile may be one that is not saved. Who may test what, and how it is shown, others know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from profiles.imap_check import check_imap
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.reach import BY_SYSTEM, Reach
from profiles.sealing import Service
from profiles.smtp_check import check_smtp
from profiles.stages import Stage, summarize

#: Told each stage as it happens; it runs in the thread of the test.
Watch = Callable[[Stage], None]


def services_of(profile: Profile) -> tuple[Service, ...]:
    """Return the services a profile has, and so can be tested."""
    return ("smtp",) if profile.imap is None else ("smtp", "imap")


def try_service(
    profile: Profile,
    service: Service,
    credential: str | None,
    watch: Watch,
    *,
    now: int,
    mail_to: str = "",
    reach: Reach = BY_SYSTEM,
) -> LastTest:
    """Test one side of a profile at `now` (milliseconds UTC) and return what to keep of it.

    With `mail_to`, a test of the SMTP side ends with a mail to that address.
    """
    stages: list[Stage] = []

    def each(stage: Stage) -> None:
        stages.append(stage)
        watch(stage)

    if service == "smtp":
        asyncio.run(
            _each_of(check_smtp(profile, credential, now=now, recipient=mail_to, send=bool(mail_to), reach=reach), each)
        )
    elif profile.imap is not None:
        for stage in check_imap(profile.imap, credential, now=now, reach=reach):
            each(stage)
    return summarize(stages, now)


async def _each_of(stages: AsyncIterator[Stage], each: Watch) -> None:
    async for stage in stages:
        each(stage)
