"""Which password a test of unsaved settings may use: never the kept one against another server."""

from __future__ import annotations

from profiles.errors import CredentialNeeded
from profiles.profile import Profile
from profiles.rows import moved, place
from profiles.sealing import Service
from profiles.store import ProfileStore


def usable_credential(
    store: ProfileStore, before: Profile | None, after: Profile, service: Service, given: str | None
) -> str | None:
    """Return the password for `after`: the one given, else the kept one of `before`; None without a user.

    `before` is the profile as it is kept, None for a new one. `keeping` asks by the same rule.

    Raises:
        CredentialNeeded: when none is given and none is kept, or host, port, security or user differ.
        CredentialUnreadable: when the kept one cannot be opened.
        UnknownProfile: when `before` is gone.
    """
    if place(after, service) is None:
        return None
    if given:
        return given
    if before is None:
        raise CredentialNeeded(service)
    if changed := moved(before, after, service):
        raise CredentialNeeded(service, changed)
    return store.credential(before, service)
