"""The stages of a connection test, as they happen: what was tried, what was said, and what to do about it.

Frozen values only; the tests themselves are `smtp_check` and `imap_check`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from profiles.last_test import LastTest

#: Days before its end from which a certificate is worth a warning: renewals run a month ahead, so one is due.
EXPIRY_WARNING_DAYS = 14
DAY_MILLISECONDS = 24 * 3600 * 1000


class Outcome(StrEnum):
    """What became of a stage. A warning does not fail the test."""

    OK = "ok"
    WARNING = "warning"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a test.

    `said` is what happened, in plain words; `advice` what to do about a failure or warning; `reason` the named reason
    of a failure; `certificate_expires` (milliseconds UTC) stands at the stage `tls`.
    """

    name: str
    outcome: Outcome
    said: str
    advice: str = ""
    milliseconds: int = 0
    reason: str | None = None
    certificate_expires: int | None = None


def summarize(stages: Iterable[Stage], at: int) -> LastTest:
    """Return what to keep of a test that ran at `at` (milliseconds UTC)."""
    reached, reason, expires = "", None, None
    for stage in stages:
        reached = stage.name
        reason = reason or stage.reason
        expires = stage.certificate_expires or expires
    return LastTest(at=at, reached=reached, reason=reason, certificate_expires=expires)
