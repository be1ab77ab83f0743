"""The doctor on the profiles: whether each can send, as far as that is known without connecting."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from profiles.errors import CredentialNeeded, CredentialUnreadable
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.sealing import Keyring
from profiles.store import ProfileStore
from worker.doctor.finding import Finding, Surroundings

#: Milliseconds before the end of a server's certificate at which it is worth a warning: automatic renewals, such as
#: Let's Encrypt's at thirty days, have failed by then.
CERTIFICATE_MILLISECONDS = 14 * 86_400_000


def examine_profiles(engine: Engine, keyring: Keyring, around: Surroundings) -> Iterator[Finding]:
    """Examine each profile: its credentials, its last tests, the certificates seen then."""
    store = ProfileStore(engine, keyring)
    found = store.all()
    tests = store.last_tests()
    if not found:
        yield Finding("profiles", "warning", "No email profiles configured", "run `runmail profiles new`")
    for profile in found:
        yield from _examine(store, profile, list(tests.get(profile.id, {}).values()), round(around.now() * 1000))


def _examine(store: ProfileStore, profile: Profile, tests: list[LastTest], now: int) -> Iterator[Finding]:
    subject = f"profile “{profile.name}”"
    retest = f"runmail profiles test “{profile.name}”"
    try:
        store.credential(profile, "smtp")
        store.credential(profile, "imap")
    except (CredentialNeeded, CredentialUnreadable) as error:
        yield Finding(subject, "wrong", str(error), "bring the old key back, or enter the credential again")
        return
    failed = next((test for test in tests if not test.passed), None)
    if not profile.enabled:
        yield Finding(subject, "warning", "is disabled: its mail is held")
    elif failed is not None:
        yield Finding(subject, "wrong", f"its last test failed ({failed.reason})", f"mend it, then `{retest}`")
    else:
        said = f"{profile.smtp.host}:{profile.smtp.port}, credentials readable"
        yield Finding(subject, "ok", said if tests else f"{said}, never tested")
    for test in tests:
        if test.certificate_expires is not None and test.certificate_expires - now < CERTIFICATE_MILLISECONDS:
            days = (test.certificate_expires - now) // 86_400_000
            said = "the server's certificate has ended" if days < 0 else f"the server's certificate ends in {days} days"
            yield Finding(subject, "warning", said, f"have it renewed, then `{retest}`")
