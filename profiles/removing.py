"""Removing a profile: only when nothing needs it any more, or with a word on where its waiting mail goes.

What is kept of it is the audit trail, and its name on the mails it sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from profiles import names
from profiles.authors import Author
from profiles.errors import ProfileInUse
from profiles.keeping import locked
from profiles.profile import Profile
from profiles.references import dependents
from profiles.rows import to_profile
from profiles.store import ProfileStore
from profiles.tables import ProfileRow
from profiles.trail import Deed, changes_between, record
from profiles.waiting import NOTHING, Moved, Waiting
from profiles.webhooks import drop_webhooks


@dataclass(frozen=True, slots=True)
class MoveTo:
    """What waits is sent by another profile."""

    profile: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """What waits is failed, with the reason `profile_removed`."""


#: Where the waiting mail goes; None refuses to remove a profile for which any waits.
Destination = MoveTo | GiveUp | None


@dataclass(frozen=True, slots=True)
class Removed:
    """What removing came to."""

    profile: Profile
    moved: Moved
    failed: int


def remove(store: ProfileStore, name: str, *, waiting: Waiting, destination: Destination, by: Author) -> Removed:
    """Remove the profile and do with its waiting mail what `destination` says, in one transaction.

    Raises:
        UnknownProfile: when no profile has that name, or none the name the mail is to go to.
        ProfileInUse: while another profile fails over to it, mail waits without a destination, or a worker has
            mail of it in hand. Nothing is changed then.
    """
    with store.changing() as session:
        _lock(session, name, destination)
        profile = to_profile(names.exact(session, name))
        _refuse_while_needed(session, profile, waiting, destination)
        moved, failed = Moved(), 0
        connection, now = session.connection(), store.now()
        if isinstance(destination, MoveTo):
            moved = waiting.move(connection, profile.id, _receiver(session, profile, destination), now)
        elif isinstance(destination, GiveUp):
            failed = waiting.fail(connection, profile.id, now)
        # A worker may have claimed one between the first look and the change.
        if (left := waiting.count(connection, profile.id)) != NOTHING:
            raise _in_hand(profile, left.in_hand + sum(left.by_state.values()))
        changes: dict[str, Any] = changes_between(profile, None)
        if moved != Moved():
            changes["mail"] = {"moved": moved.moved, "suppressed": moved.suppressed}
        if failed:
            changes["mail"] = {"failed": failed}
        record(session, profile.id, profile.name, Deed.REMOVE, by, changes, now)
        drop_webhooks(session, profile.id)
        session.delete(locked(session, profile.id))
        return Removed(profile, moved, failed)


def _lock(session: Session, name: str, destination: Destination) -> None:
    """Lock the profiles concerned in the order of their ids, so that two admins cannot wait for each other."""
    concerned = [name, destination.profile] if isinstance(destination, MoveTo) else [name]
    session.exec(
        select(ProfileRow.id).where(col(ProfileRow.name).in_(concerned)).order_by(col(ProfileRow.id)).with_for_update()
    ).all()


def _refuse_while_needed(session: Session, profile: Profile, waiting: Waiting, destination: Destination) -> None:
    """Raise ProfileInUse with what still needs the profile, and what to do about it."""
    if following := dependents(session, profile.name):
        shown = ", ".join(f"“{each}”" for each in following)
        raise ProfileInUse("is_failover", f"“{profile.name}” is the failover of {shown}: give them another one first")
    waits = waiting.count(session.connection(), profile.id)
    if waits.in_hand:
        raise _in_hand(profile, waits.in_hand)
    if destination is None and waits.by_state:
        shown = ", ".join(f"{number} {state}" for state, number in waits.by_state.items())
        raise ProfileInUse(
            "mail_waits", f"mail waits for “{profile.name}” ({shown}): say where it goes, to another profile or nowhere"
        )


def _in_hand(profile: Profile, number: int) -> ProfileInUse:
    text = f"{number} mails of “{profile.name}” are being sent just now: disable it, and try again in a minute"
    return ProfileInUse("mail_in_flight", text)


def _receiver(session: Session, profile: Profile, destination: MoveTo) -> Profile:
    """Return the profile the mail goes to."""
    to = to_profile(names.exact(session, destination.profile))
    if to.id == profile.id:
        raise ProfileInUse("mail_waits", f"the mail cannot move to “{profile.name}” itself")
    return to
