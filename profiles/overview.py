"""All profiles as an admin looks at them, in the terminal or on a page: settings, last tests, use and marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from profiles.last_test import LastTest
from profiles.marks import Mark, MarkName, marks
from profiles.profile import Profile
from profiles.sealing import Service
from profiles.store import ProfileStore
from profiles.usage import Usage, Use

UNUSED = Use()


@dataclass(frozen=True, slots=True)
class Seen:
    """One profile as it stands."""

    profile: Profile
    tests: Mapping[Service, LastTest]
    use: Use
    marks: tuple[Mark, ...]

    @property
    def status(self) -> str:
        """How it stands in one or a few words: disabled, breaker open, failing, never tested, or healthy."""
        grave = (MarkName.DISABLED, MarkName.BREAKER_OPEN, MarkName.FAILING, MarkName.NEVER_TESTED)
        return next((mark.short for mark in self.marks if mark.name in grave), "healthy")


def overview(store: ProfileStore, usage: Usage, now: int) -> list[Seen]:
    """Return every profile, by name, as it stands at `now` (milliseconds UTC)."""
    uses = usage.by_profile()
    return [
        Seen(kept.profile, kept.tests, use, marks(kept.profile, kept.tests, use, created_at=kept.created_at, now=now))
        for kept in store.kept()
        for use in [uses.get(kept.profile.id, UNUSED)]
    ]
