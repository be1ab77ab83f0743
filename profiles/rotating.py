"""Rotating a credential: the new one is tested first, and the old one stays if the test fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from profiles.authors import Author
from profiles.drafts import SERVICES, Credentials
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.sealing import Service
from profiles.store import ProfileStore
from profiles.trail import Deed

#: Tests one service of a profile with a credential, without sending a mail.
RunTest = Callable[[Profile, Service, str], LastTest]


@dataclass(frozen=True, slots=True)
class Rotated:
    """What rotating came to: whether the new credential is kept, and what its tests said."""

    kept: bool
    tests: Mapping[Service, LastTest]


def rotate(
    store: ProfileStore,
    profile: Profile,
    credentials: Credentials,
    *,
    run_test: RunTest,
    force: bool,
    expires: date | None,
    by: Author,
) -> Rotated:
    """Test each given credential against its server; keep them all if every test passes, or under `force`.

    `expires` becomes the profile's `credential_expires`, None included: what was known of the old credential says
    nothing of the new one. A test of a credential that is not kept is not recorded either.

    Raises:
        ProfileChanged: when somebody changed the profile since `profile` was read: another server was tested.
        UnknownProfile: when it is gone.
    """
    given = {service: credential for service in SERVICES if (credential := credentials.of(service))}
    tests = {service: run_test(profile, service, credential) for service, credential in given.items()}
    if not force and not all(test.passed for test in tests.values()):
        return Rotated(False, tests)
    after = replace(profile, credential_expires=expires)
    kept = store.update(after, credentials, before=profile, deed=Deed.ROTATE, by=by)
    for service, test in tests.items():
        store.record_test(kept.id, service, test)
    return Rotated(True, tests)
