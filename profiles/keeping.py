"""Keeping one draft: its row, its name, its sealed passwords and its entry in the audit trail, in one transaction.

The one place where passwords are sealed for the first time. A kept password is bound to its server: when host,
port, TLS mode or user change, it must be given again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlmodel import Session, select

from profiles import names
from profiles.authors import Author
from profiles.described import differences
from profiles.drafts import SERVICES, Draft
from profiles.errors import CredentialNeeded, ProfileChanged, UnknownProfile
from profiles.profile import Profile
from profiles.rows import columns, columns_of_test, moved, place, sealed, to_profile
from profiles.sealing import Keyring, Service
from profiles.tables import ProfileRow
from profiles.trail import CHANGED, Deed, changes_between, record


def keep(
    session: Session, draft: Draft, keyring: Keyring, *, deed: Deed, by: Author, now: Callable[[], int]
) -> Profile:
    """Write one draft and return the profile as it is now; `now` gives milliseconds UTC.

    Raises:
        UnknownProfile, ProfileExists, ProfileChanged, CredentialNeeded: as `ProfileStore.save` says.
    """
    profile = draft.profile
    before: Profile | None = None
    changed: dict[Service, tuple[str, ...]] = {}
    if profile.id:
        row = locked(session, profile.id)
        before = to_profile(row)
        if draft.before is not None and (stale := tuple(differences(draft.before, before))):
            raise ProfileChanged(before.name, stale)
        changed = {service: moved(before, profile, service) for service in SERVICES}
    else:
        row = ProfileRow(**columns(profile), created_at=0, updated_at=0)
    names.take(session, row, profile.name)
    at = now()
    row.sqlmodel_update({**columns(profile), "created_at": row.created_at or at, "updated_at": at})
    session.add(row)
    # The row first: its id is part of what a password is sealed for.
    session.flush()
    assert row.id is not None
    profile = replace(profile, id=row.id, former_names=tuple(row.former_names))
    changes = changes_between(before, profile)
    for service in SERVICES:
        given = draft.credentials.of(service)
        _bind(row, profile, service, given, changed.get(service, ()), keyring)
        if given and place(profile, service) is not None:
            changes[f"{service}.password"] = CHANGED
    if changes:
        record(session, row.id, profile.name, deed, by, changes, at)
    if before is not None and before.name != profile.name:
        _follow_name(session, before.name, profile.name, by, at)
    return profile


def locked(session: Session, profile_id: int) -> ProfileRow:
    """Return the row of a profile and keep others from changing it until the transaction ends (PostgreSQL).

    Raises:
        UnknownProfile: when it is gone.
    """
    row = session.get(ProfileRow, profile_id, with_for_update=True)
    if row is None:
        raise UnknownProfile(profile_id)
    return row


def _bind(
    row: ProfileRow, profile: Profile, service: Service, given: str | None, changed: tuple[str, ...], keyring: Keyring
) -> None:
    """Seal the password given for a service, keep the one that is there, or ask for it."""
    where = place(profile, service)
    values: dict[str, Any] = columns_of_test(service, None) if changed else {}
    if where is None:
        values[f"{service}_sealed"] = None
    elif given:
        values[f"{service}_sealed"] = keyring.seal(given, where)
    elif changed or sealed(row, service) is None:
        raise CredentialNeeded(service, changed)
    row.sqlmodel_update(values)


def _follow_name(session: Session, old: str, new: str, by: Author, at: int) -> None:
    """Let the profiles that fail over to a renamed one name it by its new name."""
    for row in session.exec(select(ProfileRow).where(ProfileRow.failover == old).with_for_update()):
        row.failover = new
        row.updated_at = at
        assert row.id is not None
        record(session, row.id, row.name, Deed.EDIT, by, {"failover": [old, new]}, at)
