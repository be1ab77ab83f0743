"""The store of profiles: reading, keeping and changing them in the database.

What is written goes through `keeping`, which seals credentials and writes the audit trail; `credential` opens one
only for a Profile that says the same as when it was sealed. It knows nothing of SMTP and IMAP, and does not judge
settings (`seed` and the CLI do).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from profiles import names, trail
from profiles.authors import PROGRAM, Author
from profiles.drafts import NONE_GIVEN, SERVICES, Credentials, Draft
from profiles.errors import CredentialNeeded, ProfileExists, UnknownProfile
from profiles.keeping import keep
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.rows import columns_of_test, last_tests, place, sealed, to_profile
from profiles.sealing import Keyring, Service
from profiles.tables import ProfileRow
from profiles.trail import Deed, Entry

__all__ = ["SERVICES", "Credentials", "Draft", "Kept", "ProfileStore", "now_milliseconds"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A profile with what is kept beside it; `created_at` in milliseconds UTC."""

    profile: Profile
    tests: dict[Service, LastTest]
    created_at: int


def now_milliseconds() -> int:
    """Return the time in milliseconds UTC."""
    return time.time_ns() // 1_000_000


class ProfileStore:
    """The profiles of one database, with the keys that open their credentials."""

    def __init__(self, engine: Engine, keyring: Keyring, now: Callable[[], int] = now_milliseconds) -> None:
        self._engine = engine
        # The engine of SQLite opens writing transactions unless told otherwise; a reader must not wait for
        # writers.
        self._reading = engine.execution_options(reading=True)
        self.keyring = keyring
        self.now = now

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """Open a transaction that is committed at the end, or taken back when it is left by an exception."""
        with Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads, and waits for no writer."""
        with Session(self._reading) as session:
            yield session

    def all(self) -> list[Profile]:
        """Return every profile, by name."""
        return [kept.profile for kept in self.kept()]

    def kept(self) -> list[Kept]:
        """Return every profile with its last tests, by name."""
        with self.reading() as session:
            return [
                Kept(to_profile(row), last_tests(row), row.created_at)
                for row in session.exec(select(ProfileRow).order_by(col(ProfileRow.name)))
            ]

    def get(self, profile_id: int) -> Profile:
        """Return the profile with that id.

        Raises:
            UnknownProfile: when there is none.
        """
        with self.reading() as session:
            return to_profile(_row(session, profile_id))

    def by_name(self, name: str) -> Profile:
        """Return the profile that has the name, else the one that had it before it was renamed.

        Raises:
            UnknownProfile: when there is neither; it suggests a name that is near.
        """
        with self.reading() as session:
            return to_profile(names.meant(session, name))

    def exact(self, name: str) -> Profile:
        """Return the profile with exactly that name, as one that is to be changed must be named.

        Raises:
            UnknownProfile: when there is none; it says what a renamed one is called now.
        """
        with self.reading() as session:
            return to_profile(names.exact(session, name))

    def add(self, draft: Profile, credentials: Credentials = NONE_GIVEN, *, by: Author = PROGRAM) -> Profile:
        """Keep a new profile and return it with its id; the id of `draft` is not looked at.

        Raises:
            ProfileExists: when its name is taken.
            CredentialNeeded: when a service has a user and no password was given.
        """
        return self.save([Draft(replace(draft, id=0), credentials)], deed=Deed.NEW, by=by)[0]

    def update(
        self,
        profile: Profile,
        credentials: Credentials = NONE_GIVEN,
        *,
        before: Profile | None = None,
        deed: Deed = Deed.EDIT,
        by: Author = PROGRAM,
    ) -> Profile:
        """Change the profile with the same id; passwords that are not given stay as they are.

        Raises:
            UnknownProfile: when it is gone.
            ProfileExists: when its new name is taken.
            ProfileChanged: when it is no longer what `before` says.
            CredentialNeeded: when a password is not given although its server changed, or there is none.
        """
        if profile.id == 0:
            raise UnknownProfile(profile.name)
        return self.save([Draft(profile, credentials, before)], deed=deed, by=by)[0]

    def save(self, drafts: Sequence[Draft], *, deed: Deed = Deed.SEED, by: Author = PROGRAM) -> list[Profile]:
        """Keep new profiles and changes of old ones in one transaction: all or none.

        Raises:
            UnknownProfile, ProfileExists, ProfileChanged, CredentialNeeded: as in `add` and `update`; nothing is
                kept then.
        """
        name = ""
        try:
            with self.changing() as session:
                kept = []
                for draft in drafts:
                    name = draft.profile.name
                    kept.append(keep(session, draft, self.keyring, deed=deed, by=by, now=self.now))
                return kept
        except IntegrityError:
            raise ProfileExists(name) from None

    def credential(self, profile: Profile, service: Service) -> str | None:
        """Open the kept password for the server that `profile` names; None when the service has no user.

        Raises:
            UnknownProfile: when the profile is gone.
            CredentialNeeded: when a user stands without a kept password.
            CredentialUnreadable: when its key is missing, or it was sealed for other settings than these.
        """
        where = place(profile, service)
        if where is None:
            return None
        with self.reading() as session:
            closed = sealed(_row(session, profile.id), service)
        if closed is None:
            raise CredentialNeeded(service)
        return self.keyring.open(closed, where)

    def record_test(self, profile_id: int, service: Service, test: LastTest) -> None:
        """Keep what a connection test came to.

        Raises:
            UnknownProfile: when the profile is gone.
        """
        with self.changing() as session:
            _row(session, profile_id).sqlmodel_update(columns_of_test(service, test))

    def last_tests(self) -> dict[int, dict[Service, LastTest]]:
        """Return the last tests of every profile, by its id."""
        return {kept.profile.id: kept.tests for kept in self.kept()}

    def history(self, name: str) -> list[Entry]:
        """Return what happened to every profile that has or had that name, oldest first.

        Raises:
            UnknownProfile: when no profile has the name, and none that the trail knows had it.
        """
        with self.reading() as session:
            found = trail.entries(session, name)
            if not found:
                names.exact(session, name)
            return found


def _row(session: Session, profile_id: int) -> ProfileRow:
    """Return the row of a profile, or raise UnknownProfile."""
    row = session.get(ProfileRow, profile_id)
    if row is None:
        raise UnknownProfile(profile_id)
    return row
