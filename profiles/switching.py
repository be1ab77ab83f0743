"""Switching a profile off and on; what waits for it is held and released with it."""

from __future__ import annotations

from dataclasses import dataclass

from profiles import names
from profiles.authors import Author
from profiles.profile import Profile
from profiles.rows import to_profile
from profiles.store import ProfileStore
from profiles.trail import Deed, record
from profiles.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Switched:
    """What switching came to: whether it changed anything, and how many mails were held or released."""

    profile: Profile
    changed: bool
    mails: int


def switch(store: ProfileStore, name: str, *, enabled: bool, waiting: Waiting, by: Author) -> Switched:
    """Switch the profile on or off, then let what waits for it follow.

    The profile comes first, in a commit of its own: from then on no worker takes its mail. The mails follow in
    small steps, so that a hundred thousand of them keep nobody waiting; should this be killed between two steps,
    the clock's sweep takes the rest.

    Raises:
        UnknownProfile: when no profile has that name.
    """
    with store.changing() as session:
        row = names.exact(session, name, lock=True)
        changed = row.enabled != enabled
        if changed:
            at = store.now()
            row.enabled = enabled
            row.updated_at = at
            assert row.id is not None
            deed = Deed.ENABLE if enabled else Deed.DISABLE
            record(session, row.id, row.name, deed, by, {"enabled": [not enabled, enabled]}, at)
        profile = to_profile(row)
    mails = 0
    while True:
        with store.changing() as session:
            step = waiting.follow(session.connection(), profile.id, store.now())
        if not step:
            return Switched(profile, changed, mails)
        mails += step
